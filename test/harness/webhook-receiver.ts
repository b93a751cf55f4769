// A webhook receiver as an app has one: it verifies both signatures of what arrives and keeps it in order of arrival.
import { createServer, type IncomingHttpHeaders, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { VideoSDK } from '@videosdk.live/server-sdk';
import { Webhook } from 'standardwebhooks';
import { Journal } from './journal.ts';
import type { TestServer } from './server.ts';

export interface ReceivedEvent {
  type: string;
  data: Record<string, string>;
  /** Standard Webhooks id: the same for every attempt of one event. */
  id: string;
  /** Position among the events of its session. */
  sequence: number;
  receivedAt: Date;
  /** Why the receiver would have refused it; empty when both signatures are right. */
  problem: string;
}

export class WebhookReceiver implements AsyncDisposable {
  /** What it answers; only what it answers with 200 counts as received. */
  status = 200;
  readonly events: Journal<ReceivedEvent>;
  readonly refused: Journal<ReceivedEvent>;
  readonly #server: Server;
  readonly #backend: VideoSDK;
  readonly #standardWebhook: Webhook;

  private constructor(roomful: TestServer, backend: VideoSDK, signingSecret: string) {
    this.#backend = backend;
    this.#standardWebhook = new Webhook(signingSecret);
    const show = ({ sequence, type, data, problem }: ReceivedEvent) =>
      `${sequence} ${type} ${JSON.stringify(data)} ${problem}`;
    this.events = new Journal({ name: 'webhooks', show, context: () => roomful.recently() });
    this.refused = new Journal({ name: 'refused webhooks', show, context: () => roomful.recently() });
    this.#server = createServer((request, response) => {
      const pieces: Buffer[] = [];
      request.on('data', (piece: Buffer) => pieces.push(piece));
      request.on('end', () => {
        void this.#take(Buffer.concat(pieces), request.headers).then((status) => response.writeHead(status).end());
      });
    });
  }

  static async start(server: TestServer): Promise<WebhookReceiver> {
    const { apiKey, secret, httpUrl } = server;
    const backend = new VideoSDK({ apiKey, secret, apiEndpoint: httpUrl });
    const { signingSecret } = await backend.api.get<{ signingSecret: string }>('/v2/webhooks/settings');
    const receiver = new WebhookReceiver(server, backend, signingSecret);
    await new Promise<void>((resolve) => receiver.#server.listen(0, '127.0.0.1', resolve));
    return receiver;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}/webhooks`;
  }

  waitFor(
    type: string,
    matches: (event: ReceivedEvent) => boolean = () => true,
    options: { from?: number; timeoutMs?: number } = {},
  ): Promise<ReceivedEvent> {
    return this.events.waitFor(`webhook ${type}`, (event) => event.type === type && matches(event), options);
  }

  /** Everything that came for a room, in order of arrival. */
  ofRoom(roomId: string): ReceivedEvent[] {
    return this.events.filter((event) => event.data.meetingId === roomId);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  async #take(body: Buffer, headers: IncomingHttpHeaders): Promise<number> {
    const { status } = this;
    const receivedAt = new Date();
    const { webhookType, data } = JSON.parse(body.toString()) as { webhookType: string; data: Record<string, string> };
    const problem = await this.#problem(body, headers);
    const id = String(headers['webhook-id']);
    const sequence = Number(headers['webhook-sequence']);
    const journal = status === 200 ? this.events : this.refused;
    journal.add({ type: webhookType, data, id, sequence, receivedAt, problem });
    return status;
  }

  async #problem(body: Buffer, headers: IncomingHttpHeaders): Promise<string> {
    try {
      await this.#backend.webhooks.verify(body, headers['videosdk-signature']);
      this.#standardWebhook.verify(body, headers as Record<string, string>);
      return '';
    } catch (error) {
      return String(error);
    }
  }
}
