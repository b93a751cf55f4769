import fc from 'fast-check';
import { expect, test } from 'vitest';
import { tokens } from './tokens.ts';

test('tells strings, numbers, words and comments apart', () => {
  const kinds = tokens('const a = "b // c"; // d\n42').map(({ kind, text }) => [kind, text]);
  expect(kinds).toEqual([
    ['word', 'const'],
    ['plain', ' a = '],
    ['string', '"b // c"'],
    ['plain', '; '],
    ['comment', '// d'],
    ['plain', '\n'],
    ['number', '42'],
  ]);
});

test('loses no character of any text', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (text) => {
      expect(
        tokens(text)
          .map((token) => token.text)
          .join(''),
      ).toBe(text);
    }),
  );
});
