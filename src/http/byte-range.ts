// Requests for a part of a file (RFC 9110, section 14), as players make them.
import type { Readable } from 'node:stream';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { notFound } from '../errors.ts';

export interface ByteRange {
  start: number;
  end: number;
}

/**
 * The part that a `Range` header asks for. Nothing when it asks for all of it, or in a way that may be ignored (another
 * unit, several parts); `beyond` when it lies behind the end.
 */
export function rangeOf(header: string | undefined, size: number): ByteRange | 'beyond' | undefined {
  const [, from, to] = /^bytes=(\d{0,15})-(\d{0,15})$/.exec(header ?? '') ?? [];
  if (from === undefined || to === undefined || (from === '' && to === '')) return undefined;
  const start = from === '' ? Math.max(0, size - Number(to)) : Number(from);
  const end = from === '' || to === '' ? size - 1 : Math.min(Number(to), size - 1);
  if (start >= size || (from === '' && Number(to) === 0)) return 'beyond';
  // The wrong way round: such a header is to be ignored.
  return end < start ? undefined : { start, end };
}

/** Answers with a file or the part of it that was asked for. `open` is called only when content is to be sent. */
export async function sendRange(
  request: FastifyRequest,
  reply: FastifyReply,
  { size, open }: { size: number; open: (range?: ByteRange) => Promise<Readable | undefined> },
): Promise<FastifyReply> {
  reply.header('accept-ranges', 'bytes');
  const range = rangeOf(request.headers.range, size);
  if (range === 'beyond') return reply.code(416).header('content-range', `bytes */${size}`).send();
  const length = range ? range.end - range.start + 1 : size;
  if (range) reply.code(206).header('content-range', `bytes ${range.start}-${range.end}/${size}`);
  if (request.method === 'HEAD') return reply.header('content-length', length).send();
  const content = await open(range);
  if (!content) throw notFound('File', 'at this address');
  return reply.header('content-length', length).send(content);
}
