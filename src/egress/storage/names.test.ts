import { expect, it } from 'vitest';
import { folderProblem, keyIn, MAX_KEY_BYTES } from './names.ts';

const deep = (count: number, bytes: number) => Array.from({ length: count }, () => 'a'.repeat(bytes)).join('/');

it.each([
  '',
  'march',
  '/march//2026/',
  'Besprechung März/日本',
  'a'.repeat(255),
  '😀'.repeat(63),
  deep(4, 200),
  `${deep(3, 255)}/${'a'.repeat(994 - 3 * 256)}`,
])('%j can be a folder', (folder) => {
  expect(folderProblem(folder)).toBeUndefined();
  const key = keyIn(folder, `${'0'.repeat(24)}.webm`, 'recordings', MAX_KEY_BYTES);
  expect(Buffer.byteLength(key)).toBeLessThanOrEqual(MAX_KEY_BYTES);
});

it.each([
  ['a'.repeat(256), /255 bytes/],
  [`x/${'a'.repeat(300)}/y`, /255 bytes/],
  ['é'.repeat(128), /255 bytes/],
  ['日'.repeat(86), /255 bytes/],
  ['😀'.repeat(64), /255 bytes/],
  [`${deep(3, 255)}/${'a'.repeat(995 - 3 * 256)}`, /994 bytes/],
  [deep(100, 20), /994 bytes/],
  ['../x', /go up/],
  ['a/./b', /go up/],
  ['a\\b', /backslashes/],
  ['a\nb', /control characters/],
  ['a\ud83d', /halves of characters/],
])('%j cannot', (folder, why) => {
  expect(folderProblem(folder)).toMatch(why);
  expect(keyIn(folder, 'file.mp4', 'recordings', MAX_KEY_BYTES)).toBe('recordings/file.mp4');
});

it('leaves room for what the storage puts in front', () => {
  const prefixed = MAX_KEY_BYTES - Buffer.byteLength('prefix/');
  expect(folderProblem(`${deep(3, 255)}/${'a'.repeat(994 - 3 * 256)}`, prefixed)).toMatch(/987 bytes/);
});
