// The server with a stand-in compositor, and a meeting in it.
import { fileURLToPath } from 'node:url';
import { compositorPids } from './compositor-pids.ts';
import { RawClient } from './raw-client.ts';
import { startTestApp, type TestApp } from './test-app.ts';

const compositor = (name: string) => fileURLToPath(new URL(`./compositors/${name}.ts`, import.meta.url));

export interface StoredEvent {
  type: string;
  seq: number;
  data: Record<string, unknown>;
}

export class EgressStage implements AsyncDisposable {
  readonly app: TestApp;
  readonly #clients: RawClient[] = [];

  private constructor(app: TestApp) {
    this.app = app;
  }

  /** `compositor` names a file of `compositors/`, or is `real`. */
  static async set(
    env: Record<string, string> = {},
    options: { compositor?: string } & Omit<NonNullable<Parameters<typeof startTestApp>[1]>, 'compositor'> = {},
  ): Promise<EgressStage> {
    const { compositor: name = 'stand-in', ...others } = options;
    return new EgressStage(
      await startTestApp(env, { ...others, ...(name !== 'real' && { compositor: compositor(name) }) }),
    );
  }

  async room(body: object = {}): Promise<string> {
    return String((await this.app.post('/v2/rooms', body)).body.roomId);
  }

  async join(roomId: string, peerId = 'ann', token: Parameters<TestApp['token']>[0] = {}): Promise<RawClient> {
    const who = { roomId, peerId, secret: await this.app.token(token) };
    const client = await RawClient.join(String(this.app.app.httpUrl), who, 'SEND_AND_RECV');
    this.#clients.push(client);
    return client;
  }

  /** All events of a room so far, in order. */
  async events(roomId: string): Promise<StoredEvent[]> {
    const rows = await this.app.database.db
      .selectFrom('events')
      .where('room_id', '=', roomId)
      .orderBy('session_id')
      .orderBy('seq')
      .select(['type', 'seq', 'data'])
      .execute();
    return rows as StoredEvent[];
  }

  /** Resolves with the room's events once one of this type is among them. */
  async event(roomId: string, type: string): Promise<StoredEvent> {
    const found = await this.#eventually(async () => (await this.events(roomId)).find((event) => event.type === type));
    return found;
  }

  /** Process ids of compositors that run. */
  compositors(): Promise<number[]> {
    return compositorPids(this.app.dataDir);
  }

  async #eventually<T>(look: () => Promise<T | undefined>): Promise<T> {
    for (let i = 0; i < 400; i++) {
      const found = await look();
      if (found !== undefined) return found;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    throw new Error('it did not come to pass');
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const client of this.#clients) client.close();
    await this.app[Symbol.asyncDispose]();
  }
}
