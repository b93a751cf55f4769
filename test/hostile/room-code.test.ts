// The commands and code that the dashboard shows for a room are pasted into shells and programs: names stay names.
import { execFileSync } from 'node:child_process';
import { expect, test } from 'vitest';
import { curlCode, fetchCode } from '../../web/dashboard/new-room/room-code.ts';

const NAMES = [
  `it's "quoted" <b>`,
  "'; rm -rf / #",
  '$(touch /tmp/owned) `id` $TOKEN',
  '\\\' \\" \\n',
  `\${process.exit()} template`,
  '</script><script>alert(1)</script>',
];

test.each(NAMES)('a shell hands on a room called %j as it is', (customRoomId) => {
  const command = curlCode({ customRoomId }, 'https://rooms.example.com').replace(/^curl/, "printf '%s\\n'");
  const words = execFileSync('sh', ['-c', command], { encoding: 'utf8', env: { TOKEN: 't' } });
  expect(JSON.parse(words.slice(words.indexOf('{')))).toEqual({ customRoomId });
});

test.each(NAMES)('JavaScript asks for a room called %j as it is', async (customRoomId) => {
  let sent: unknown;
  const code = fetchCode({ customRoomId, allowedParticipantIds: ['a'] }, 'https://rooms.example.com');
  const run = new Function('fetch', 'token', `return (async () => {${code}})()`);
  const answer = async (_url: string, { body }: { body: string }) => {
    sent = JSON.parse(body);
    return { json: async () => ({ roomId: 'r' }) };
  };
  await run(answer, 't');
  expect(sent).toEqual({ customRoomId, allowedParticipantIds: ['a'] });
});
