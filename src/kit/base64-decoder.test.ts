import { describe, expect, it } from 'vitest';
import { Base64Decoder } from './base64-decoder.ts';

/** In pieces of `size` characters. */
function decode(text: string, size: number): Buffer | undefined {
  const decoder = new Base64Decoder();
  const content: Buffer[] = [];
  for (let at = 0; at < text.length; at += size) {
    const decoded = decoder.push(text.slice(at, at + size));
    if (!decoded) return undefined;
    content.push(decoded);
  }
  const last = decoder.end();
  return last && Buffer.concat([...content, last]);
}

const BYTES = Buffer.from(Array.from({ length: 1_000 }, (_, i) => (i * 7) % 256));

describe.each([1, 2, 3, 5, 64, 10_000])('base64 in pieces of %i characters', (size) => {
  it.each([
    ['bare', BYTES.toString('base64')],
    ['with the alphabet for URLs', BYTES.toString('base64url')],
    ['behind data:', `data:image/png;base64,${BYTES.toString('base64')}`],
    ['in lines', BYTES.toString('base64').replace(/.{76}/g, '$&\r\n')],
  ])('%s is decoded', (_how, text) => expect(decode(text, size)?.equals(BYTES)).toBe(true));

  it.each([0, 1, 2, 3, 4])('is decoded to its last of %i bytes', (length) => {
    const bytes = BYTES.subarray(0, length);
    if (length === 0) expect(decode('', size)).toBeUndefined();
    else expect(decode(bytes.toString('base64'), size)).toEqual(bytes);
  });

  it.each(['data:,', 'data:text/plain', 'AA=A', 'AAA===', '====', '=', 'AA!A', 'AAé=', `${'A'.repeat(400)}%`])(
    'is refused when it is %s',
    (text) => expect(decode(text, size)).toBeUndefined(),
  );
});
