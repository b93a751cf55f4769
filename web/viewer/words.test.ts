import fc from 'fast-check';
import { expect, test } from 'vitest';
import { downloadUrl, gapInWords } from './words.ts';

const nameIn = (url: string) => new URL(url, 'https://a.b').searchParams.get('download') ?? '';
const FILE = { url: '/recordings-files/t.mp4', format: 'mp4' } as const;

test('a file is saved under the name of its room and when it was recorded', () => {
  const start = '2026-03-05T14:30:12.000Z';
  expect(nameIn(downloadUrl(FILE, 'weekly standup', start))).toBe('weekly-standup 2026-03-05 14.30.mp4');
  expect(nameIn(downloadUrl(FILE, '"><script>', start))).toBe('script 2026-03-05 14.30.mp4');
  expect(nameIn(downloadUrl(FILE, '会議', null))).toBe('recording.mp4');
});

test('whatever a room is called, the server takes the name', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary', maxLength: 256 }), (room) => {
      expect(nameIn(downloadUrl(FILE, room, '2026-03-05T14:30:12.000Z'))).toMatch(/^[\w.() -]{1,120}$/);
    }),
  );
});

test('gaps are told in few words', () => {
  expect(gapInWords({ at: '2026-03-05T14:30:12.000Z', duration: 1.25 })).toMatch(/^1\.3 s at /);
  expect(gapInWords({ at: '2026-03-05T14:30:12.000Z', duration: 42.4 })).toMatch(/^42 s at /);
});
