// Java's own HTTP client asks every server without TLS for HTTP/2, and has to be answered all the same.
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { findJava } from '../harness/jdk.ts';
import { startTestApp } from '../harness/test-app.ts';

const PROGRAM = join(import.meta.dirname, '../harness/java/Backend.java');

it('a real JDK creates a room and lists it', { timeout: 10 * 60_000 }, async ({ skip }) => {
  const found = findJava();
  if ('missing' in found) return skip(found.missing);
  await using server = await startTestApp();
  const child = await run(found.java, [PROGRAM, String(server.app.httpUrl), await server.token()]);
  const [created = '', listed = ''] = child.split('\n');
  expect(created).toMatch(/^200 .*"customRoomId":"from-java"/);
  expect(listed).toMatch(/^200 .*"customRoomId":"from-java"/);
});

/** The server is in this process, which therefore may not stand still. */
async function run(command: string, args: string[]): Promise<string> {
  const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  let output = '';
  for await (const chunk of child.stdout) output += String(chunk);
  return output;
}
