import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { pastedValues } from './pasted-query.ts';

const KNOWN = new Set(['roomId', 'peerId', 'secret', 'mode', 'lib']);
const room = (query: string) => pastedValues(query, 'roomId', KNOWN);

/** As engine.io-client 6 reads the query of an address and writes it again. */
function rewritten(query: string): string {
  const pairs = query.split('&').map((pair) => pair.split('='));
  const read = Object.fromEntries(
    pairs.map(([name = '', value]) => [decodeURIComponent(name), decodeURIComponent(String(value))]),
  );
  return Object.entries(read)
    .map(([name, value]) => `${encodeURIComponent(name)}=${encodeURIComponent(value)}`)
    .join('&');
}

describe('a pasted value', () => {
  it.each([
    ['roomId=abc&peerId=x', ['abc']],
    ['peerId=x&roomId=abc', ['abc']],
    [
      'roomId=me%20&%20you=undefined&peerId=x',
      ['me & you', 'me%20&%20you', 'me & you=undefined', 'me%20&%20you=undefined'],
    ],
    ['roomId=me%20%26%20you&peerId=x', ['me & you', 'me%20%26%20you']],
    ['roomId=50%%20off&peerId=x', ['50% off', '50%%20off']],
    ['roomId=50%25%20off&peerId=x', ['50% off', '50%25%20off']],
    ['roomId=a=b&peerId=x', ['a=b']],
    ['roomId=a+b&peerId=x', ['a+b', 'a b']],
    ['roomId=%C3%BC&peerId=x', ['ü', '%C3%BC']],
    ['roomId=ü&peerId=x', ['ü']],
    ['roomId=%FC&peerId=x', ['%FC']],
    ['roomId=a/b?c&peerId=x', ['a/b?c']],
    ['roomId=abc&app=mine&peerId=x', ['abc&app=mine', 'abc']],
    ['roomId=&peerId=x', ['']],
    ['peerId=x', []],
    ['', []],
  ])('%s', (query, values) => {
    expect(room(query)).toEqual(values);
  });

  it('is among those that come back, whatever it was and however it was escaped', () => {
    // What socket.io cuts off itself is given back by other means.
    const id = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 30 }).filter((text) => !/[%=]/.test(text));
    fc.assert(
      fc.property(id, (text) => {
        const behind = '&peerId=x&secret=y';
        expect(room(`roomId=${encodeURIComponent(text)}${behind}`)).toContain(text);
        expect(room(new URLSearchParams({ roomId: text, peerId: 'x' }).toString())).toContain(text);
        expect(room(rewritten(`roomId=${text}${behind}`))).toContain(text);
      }),
    );
  });
});
