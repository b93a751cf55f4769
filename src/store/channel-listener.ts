// Listens on one PostgreSQL notification channel through a connection of its own, and comes back when it is lost.
import { Client } from 'pg';

const RECONNECT_MS = 1_000;
const CONNECTION = { application_name: 'roomful-listener', keepAlive: true, connectionTimeoutMillis: 10_000 };

export class ChannelListener {
  readonly #url: string;
  readonly #channel: string;
  readonly #onNotice: (payload?: string) => void;
  #client: Client | undefined;
  #retry: NodeJS.Timeout | undefined;
  #closed = false;

  private constructor(url: string, channel: string, onNotice: (payload?: string) => void) {
    this.#url = url;
    this.#channel = channel;
    this.#onNotice = onNotice;
  }

  /**
   * Resolves once the channel is listened on. `onNotice` gets what each notice says, and is called without anything
   * after a gap, in which notices were lost.
   */
  static async open(url: string, channel: string, onNotice: (payload?: string) => void): Promise<ChannelListener> {
    const listener = new ChannelListener(url, channel, onNotice);
    await listener.#connect();
    return listener;
  }

  async close(): Promise<void> {
    this.#closed = true;
    clearTimeout(this.#retry);
    await this.#client?.end().catch(() => undefined);
  }

  async #connect(): Promise<void> {
    const client = new Client({ connectionString: this.#url, ...CONNECTION });
    this.#client = client;
    client.on('notification', ({ payload }) => this.#onNotice(payload));
    // 'error' is followed by 'end', which reconnects.
    client.on('error', () => undefined);
    try {
      await client.connect();
      await client.query(`listen ${client.escapeIdentifier(this.#channel)}`);
    } catch (error) {
      await client.end().catch(() => undefined);
      throw error;
    }
    client.once('end', () => this.#reconnectLater());
  }

  async #reconnect(): Promise<void> {
    await this.#connect();
    if (this.#closed) await this.close();
    else this.#onNotice();
  }

  #reconnectLater(): void {
    if (this.#closed) return;
    this.#retry = setTimeout(() => {
      this.#reconnect().catch(() => this.#reconnectLater());
    }, RECONNECT_MS);
    this.#retry.unref();
  }
}
