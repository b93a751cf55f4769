import { PassThrough } from 'node:stream';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { Feed } from '../../dashboard/feed.ts';

/** Keeps proxies from closing the stream, and is when a sign-in that has ended is noticed. */
const HEARTBEAT_MS = 20_000;
/** Every open page has one; a script that opens more shall not use up the sockets of this process. */
const MAX_STREAMS = 500;

/** `GET /live`: server-sent events that name what has changed, for pages to ask for again. */
export function liveRoute(
  app: FastifyInstance,
  feed: Feed,
  authorize: (request: FastifyRequest) => Promise<void>,
): void {
  const streams = new Set<PassThrough>();
  app.addHook('preClose', async () => {
    for (const stream of streams) stream.end();
  });

  app.get('/live', async (request, reply) => {
    const [oldest] = streams;
    if (streams.size >= MAX_STREAMS) oldest?.end();
    const stream = new PassThrough();
    streams.add(stream);
    const unsubscribe = feed.subscribe((topics) => stream.write(`event: changed\ndata: ${JSON.stringify(topics)}\n\n`));
    const heartbeat = setInterval(() => {
      authorize(request).then(
        () => stream.write(': alive\n\n'),
        () => stream.end('event: signed-out\ndata: {}\n\n'),
      );
    }, HEARTBEAT_MS);
    heartbeat.unref();
    const end = () => {
      clearInterval(heartbeat);
      unsubscribe();
      streams.delete(stream);
      stream.end();
    };
    request.raw.once('close', end);
    reply.raw.once('close', end);
    // A page that was away a moment asks for everything again, since it cannot know what it missed.
    stream.write('retry: 2000\nevent: connected\ndata: {}\n\n');
    return reply
      .header('content-type', 'text/event-stream; charset=utf-8')
      .header('x-accel-buffering', 'no')
      .send(stream);
  });
}
