import { PassThrough } from 'node:stream';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Feed } from '../../dashboard/feed.ts';

/** Keeps proxies from closing the stream, and is when a sign-in that has ended is noticed. */
const HEARTBEAT_MS = 20_000;
/** Every open page has one; a script that opens more shall not use up the sockets of this process. */
const MAX_STREAMS = 500;
/** A page reads at once; one that does not is cut, and connects again if it is still there. */
const MAX_UNREAD_BYTES = 64 * 1024;

/** `GET /live`: server-sent events that name what has changed, for pages to ask for again. */
export function liveRoute(
  app: FastifyInstance,
  {
    feed,
    maxPerOwner,
    authorize,
  }: {
    feed: Pick<Feed, 'subscribe'>;
    maxPerOwner: number;
    authorize: (request: FastifyRequest) => Promise<void>;
  },
): void {
  const streams = new LiveStreams(maxPerOwner);
  app.addHook('preClose', async () => streams.end());

  app.get('/live', async (request, reply) => {
    const live = new LiveStream(request.caller.ownerId, reply);
    streams.add(live);
    const unsubscribe = feed.subscribe((topics) => live.write(`event: changed\ndata: ${JSON.stringify(topics)}\n\n`));
    const heartbeat = setInterval(() => {
      authorize(request).then(
        () => live.write(': alive\n\n'),
        () => live.end('event: signed-out\ndata: {}\n\n'),
      );
    }, HEARTBEAT_MS);
    heartbeat.unref();
    const end = () => {
      clearInterval(heartbeat);
      unsubscribe();
      streams.delete(live);
      live.end();
    };
    request.raw.once('close', end);
    reply.raw.once('close', end);
    // A page that was away a moment asks for everything again, since it cannot know what it missed.
    live.write('retry: 2000\nevent: connected\ndata: {}\n\n');
    return reply
      .header('content-type', 'text/event-stream; charset=utf-8')
      .header('x-accel-buffering', 'no')
      .send(live.body);
  });
}

/** What one open page is sent. */
class LiveStream {
  readonly ownerId: string;
  readonly body = new PassThrough();
  readonly #reply: FastifyReply;

  constructor(ownerId: string, reply: FastifyReply) {
    this.ownerId = ownerId;
    this.#reply = reply;
    // That its connection is gone is told by `close`.
    this.body.on('error', () => undefined);
  }

  write(text: string): void {
    if (this.body.writableEnded) return;
    this.body.write(text);
    if (this.body.writableLength + this.body.readableLength > MAX_UNREAD_BYTES) this.cut();
  }

  /** Ends its connection, read or not. */
  cut(): void {
    this.#reply.raw.destroy();
  }

  end(text?: string): void {
    if (!this.body.writableEnded) this.body.end(text);
  }
}

/** Every open page; the oldest of an owner make room for newer ones. */
class LiveStreams {
  readonly #maxPerOwner: number;
  readonly #all = new Set<LiveStream>();

  constructor(maxPerOwner: number) {
    this.#maxPerOwner = maxPerOwner;
  }

  add(live: LiveStream): void {
    if (this.#of(live.ownerId).length >= this.#maxPerOwner) this.#cutOldestOf(live.ownerId);
    else if (this.#all.size >= MAX_STREAMS) this.#cutOldestOf(this.#ownerOfMost());
    this.#all.add(live);
  }

  delete(live: LiveStream): void {
    this.#all.delete(live);
  }

  end(): void {
    for (const live of this.#all) live.end();
  }

  #of(ownerId: string): LiveStream[] {
    return [...this.#all].filter((live) => live.ownerId === ownerId);
  }

  #cutOldestOf(ownerId: string): void {
    const [oldest] = this.#of(ownerId);
    if (!oldest) return;
    this.#all.delete(oldest);
    oldest.cut();
  }

  #ownerOfMost(): string {
    const counts = new Map<string, number>();
    for (const { ownerId } of this.#all) counts.set(ownerId, (counts.get(ownerId) ?? 0) + 1);
    const [most] = [...counts].toSorted(([, a], [, b]) => b - a);
    return most?.[0] ?? '';
  }
}
