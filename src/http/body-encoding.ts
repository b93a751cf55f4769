// How a body is encoded on its way: text as bytes of some charset, and those compressed by content codings. What was sent
// is read exactly or refused: a letter that became � could make one id of two.
import { isUtf8 } from 'node:buffer';
import type { IncomingHttpHeaders } from 'node:http';
import { Readable, type Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { TextDecoder } from 'node:util';
import { createBrotliDecompress, createGunzip, createInflate, createZstdDecompress } from 'node:zlib';
import { AppError, bodyTooLarge, malformedBody, unsupportedEncoding, unsupportedMedia } from '../errors.ts';

const DECODERS: Record<string, () => Transform> = {
  gzip: createGunzip,
  'x-gzip': createGunzip,
  deflate: createInflate,
  br: createBrotliDecompress,
  zstd: createZstdDecompress,
};
/** What `Accept-Encoding` of a refusal names. */
const TAKEN = 'gzip, deflate, br, zstd, identity';
/** Nobody compresses twice on purpose; a gateway may do it once more. */
const MAX_CODINGS = 4;
/** Names that the Encoding Standard does not have, or has for something else: every byte of ASCII is UTF-8 as well. */
const UTF_8: ReadonlySet<string> = new Set(['utf-8', 'utf8', 'us-ascii', 'ascii']);
/** How zlib names what is wrong with the data. */
const BROKEN = /^(Z_|ERR__|ZSTD_)/;

/** Reads bytes as text; throws when they are none. */
export type ReadText = (bytes: Uint8Array) => string;

/** How large a body may be before and after it is decompressed, and what a larger one is answered. */
export interface Size {
  bytes: number;
  tooLarge(): AppError;
}

/** The steps that undo the content codings of a body, none of which yields more than `size`. */
export function decompression({ 'content-encoding': header = '' }: IncomingHttpHeaders, size: Size): Step[] {
  const codings = header
    .toLowerCase()
    .split(',')
    .map((coding) => coding.trim())
    .filter((coding) => coding !== '' && coding !== 'identity');
  const unknown = codings.find((coding) => !Object.hasOwn(DECODERS, coding));
  if (unknown !== undefined || codings.length > MAX_CODINGS) throw unsupportedEncoding(unknown ?? header, TAKEN);
  // The last one was put on last.
  return codings.reverse().flatMap((coding) => [(DECODERS[coding] as () => Transform)(), limited(size)]);
}

/** A step between two streams. */
export type Step = Transform | ((body: AsyncIterable<Buffer>) => AsyncIterable<Buffer>);

/** Passes on what comes, up to `size`. */
export function limited({ bytes, tooLarge }: Size) {
  return async function* (body: AsyncIterable<Buffer>): AsyncIterable<Buffer> {
    let left = bytes;
    for await (const chunk of body) {
      left -= chunk.length;
      if (left < 0) throw tooLarge();
      yield chunk;
    }
  };
}

/** `pipeline` for as many steps as there are; its own types want their number to be known. */
export const runSteps = pipeline as (steps: readonly unknown[]) => Promise<void>;

/** A whole body without its content codings. */
export async function decompressed(body: Buffer, headers: IncomingHttpHeaders, maxBytes: number): Promise<Buffer> {
  if (headers['content-encoding'] === undefined) return body;
  const tooLarge = () => bodyTooLarge(`The body may have ${maxBytes} bytes when it is decompressed.`);
  const chunks: Buffer[] = [];
  const collect = async (pieces: AsyncIterable<Buffer>) => {
    for await (const piece of pieces) chunks.push(piece);
  };
  const steps = [Readable.from([body]), ...decompression(headers, { bytes: maxBytes, tooLarge }), collect];
  try {
    await runSteps(steps);
  } catch (error) {
    throw asBodyError(error);
  }
  return Buffer.concat(chunks);
}

/** Which charset a content type names: UTF-8 unless it names another. */
export function charsetOf(contentType: string | undefined): string {
  return /\bcharset\s*=\s*["']?([^\s"';,]+)/i.exec(contentType ?? '')?.[1]?.toLowerCase() ?? 'utf-8';
}

/** Reads a whole text of a charset. */
export function textReader(charset: string): ReadText {
  const decoder = textDecoder(charset);
  return (bytes) => {
    if (decoder.encoding === 'utf-8' && !isUtf8(bytes)) throw notOfCharset(charset);
    const decode = isBigEndian(charset, bytes) ? textDecoder('utf-16be') : decoder;
    try {
      return decode.decode(bytes);
    } catch {
      throw notOfCharset(charset);
    }
  };
}

/** Turns the pieces of a body into text. */
export function asText(charset: string) {
  const decoder = textDecoder(charset);
  return async function* (body: AsyncIterable<Buffer>): AsyncIterable<string> {
    try {
      for await (const chunk of body) yield decoder.decode(chunk, { stream: true });
      yield decoder.decode();
    } catch (error) {
      throw error instanceof TypeError ? notOfCharset(charset) : error;
    }
  };
}

/** What went wrong while a body was read, as its sender is answered. */
export function asBodyError(error: unknown): unknown {
  if (error instanceof AppError) return error;
  const { code = '', message } = error as NodeJS.ErrnoException;
  return BROKEN.test(code) ? malformedBody(`The body is not what its Content-Encoding says: ${message}.`) : error;
}

function textDecoder(charset: string): TextDecoder {
  try {
    return new TextDecoder(UTF_8.has(charset) ? 'utf-8' : charset, { fatal: true });
  } catch {
    throw unsupportedMedia(`The charset ${JSON.stringify(charset)} of the body is not known here; send UTF-8.`);
  }
}

/** RFC 2781: the order of bytes is said at the beginning. */
function isBigEndian(charset: string, bytes: Uint8Array): boolean {
  return charset === 'utf-16' && bytes[0] === 0xfe && bytes[1] === 0xff;
}

function notOfCharset(charset: string): AppError {
  const remedy = 'Send UTF-8, or name the charset in Content-Type.';
  return malformedBody(`The body holds bytes that are no ${charset}. ${remedy}`);
}
