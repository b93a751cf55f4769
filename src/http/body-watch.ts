// Bodies that come slowly. One that makes progress may take as long as it needs; one that does not is cut off with 408,
// and what a refused request still has to say is not listened to for long.
import type { IncomingMessage } from 'node:http';
import { PassThrough } from 'node:stream';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { badRequest, bodyTooSlow } from '../errors.ts';
import type { Limits } from '../limits.ts';

type Pace = Pick<Limits, 'bodyIdleMs' | 'bodyBytesPerSecond'>;

/** The rate is an average over this many times the longest pause. */
const PAUSES_IN_WINDOW = 4;
/**
 * A connection that is closed while its peer still sends is reset, and the peer may never see the answer. So the rest
 * of a refused body is thrown away for a while.
 */
const LINGER_MS = 2_000;

const BODILESS: ReadonlySet<string> = new Set(['GET', 'HEAD', 'OPTIONS']);

/** Watches every body that is read, and ends the connections of those that nobody reads. */
export function watchBodies(app: FastifyInstance, pace: Pace): void {
  app.addHook('preParsing', (request, reply, payload, done) => {
    if (BODILESS.has(request.method)) return done(null, payload);
    if (waitsToBeAsked(request)) reply.raw.writeContinue();
    // Small ones have come together with their headers.
    done(null, stillComes(request.raw) ? watched(request.raw, pace) : payload);
  });
  app.addHook('onSend', ({ raw, headers }, reply, _payload, done) => {
    if (!stillComes(raw) || reply.statusCode === 408) return done();
    if (headers.expect === undefined) reply.removeHeader('connection');
    else reply.header('connection', 'close');
    done();
  });
  app.addHook('onResponse', ({ raw }, _reply, done) => {
    if (stillComes(raw)) discardRest(raw);
    done();
  });
}

/** A request without a body is not complete either while its head is being looked at; an injected one says nothing. */
function stillComes({ complete, headers }: IncomingMessage): boolean {
  const hasBody = headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 0;
  return hasBody && complete === false;
}

/** With `Expect: 100-continue` the body is not even sent before the caller is known. */
function waitsToBeAsked({ raw, headers }: FastifyRequest): boolean {
  return raw.httpVersionMinor > 0 && headers.expect?.toLowerCase() === '100-continue';
}

function watched(raw: IncomingMessage, { bodyIdleMs, bodyBytesPerSecond }: Pace): PassThrough {
  const body = new PassThrough();
  const windowMs = bodyIdleMs * PAUSES_IN_WINDOW;
  const enough = (bodyBytesPerSecond * windowMs) / 1000;
  let bytes = 0;
  let isOurs = false;
  const cut = () => {
    raw.unpipe(body);
    body.destroy(bodyTooSlow());
  };
  const pause = setTimeout(() => (body.writableNeedDrain ? pause.refresh() : cut()), bodyIdleMs);
  const window = setInterval(() => {
    // Where we were slow to take it, that is not the sender's fault.
    if (bytes < enough && !isOurs) cut();
    bytes = 0;
    isOurs = body.writableNeedDrain;
  }, windowMs);
  raw.on('data', (chunk: Buffer) => {
    bytes += chunk.length;
    pause.refresh();
    isOurs ||= body.writableNeedDrain;
  });
  const brokenOff = () => body.destroy(badRequest('BODY_BROKEN_OFF', 'The body of the request broke off.'));
  raw.on('error', brokenOff).on('close', () => {
    if (stillComes(raw)) brokenOff();
  });
  body
    .on('error', () => undefined)
    .on('close', () => {
      clearTimeout(pause);
      clearInterval(window);
    });
  return raw.pipe(body);
}

function discardRest(raw: IncomingMessage): void {
  raw.unpipe();
  raw.resume();
  const end = setTimeout(() => raw.socket.destroy(), LINGER_MS);
  end.unref();
  raw.once('end', () => clearTimeout(end)).once('close', () => clearTimeout(end));
}
