import { expect, test } from 'vitest';
import { nearest } from './nearest.ts';

const WORDS = ['recording', 'hls', 'webhook', 'customRoomId', 'autoCloseConfig', 'autoStartConfig', 'theme'];

test.each([
  ['recordin', 'recording'],
  ['Recording', 'recording'],
  ['webhok', 'webhook'],
  ['theem', 'theme'],
  ['custom_room_id', 'customRoomId'],
  ['autoStart', 'autoStartConfig'],
  ['hlsx', 'hls'],
  ['', undefined],
  ['zzz', undefined],
  ['livestream', undefined],
  [`recording${'g'.repeat(1_000_000)}`, undefined],
])('%.20s is meant to be %s', (word, meant) => {
  expect(nearest(word, WORDS)).toBe(meant);
});
