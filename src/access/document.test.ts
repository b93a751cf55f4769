// docs/tokens.md has the tables of the code: when this fails, put what it expects into the document.
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { REST_CALLS, type RestCall } from './rest-calls.ts';
import { ROWS } from './rights.ts';

const document = readFileSync(new URL('../../docs/tokens.md', import.meta.url), 'utf8');

test('what a token may stands there row by row', () => {
  const rows = ROWS.map(({ roles, claims, gives }) => `| ${roles} | ${claims} | ${gives} |`);
  expect(document).toContain(['| known roles | claims | REST |', '|---|---|---|', ...rows, ''].join('\n'));
});

test('so does every call, with who may make it', () => {
  const rows = Object.entries(REST_CALLS).map(([name, call]) => `| \`${name}\` | ${call.class} | ${alsoBy(call)} |`);
  expect(document).toContain(['| call | class | also |', '|---|---|---|', ...rows, ''].join('\n'));
});

function alsoBy(call: RestCall): string {
  if (call.also === 'look') return 'participants';
  if (call.also === 'moderate') return 'moderators';
  if (call.inMeeting === 'join') return 'who is in the meeting, and nobody else';
  if (call.inMeeting === 'any') return 'any good token';
  return call.creates ? 'no token for one room' : '';
}
