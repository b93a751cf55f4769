import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { DataLock } from './data-lock.ts';
import { processIdentity } from './process-identity.ts';

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'roomful-lock-'));
});

afterEach(() => rmSync(folder, { recursive: true, force: true }));

const lockFile = () => join(folder, 'roomful.lock');

test('a second holder is refused until the first lets go', () => {
  const lock = DataLock.acquire(folder);
  expect(() => DataLock.acquire(folder)).toThrow('This process already uses the data folder');
  lock.release();
  lock.release();
  expect(existsSync(lockFile())).toBe(false);
  DataLock.acquire(folder).release();
});

test('the holder is named', async () => {
  const other = spawn('sleep', ['60'], { stdio: 'ignore' });
  await once(other, 'spawn');
  writeFileSync(lockFile(), `${processIdentity(other.pid ?? 0)}\n`);
  try {
    expect(() => DataLock.acquire(folder)).toThrow(`process ${other.pid}, is using the data folder ${folder}`);
  } finally {
    other.kill('SIGKILL');
  }
});

test('a holder that was killed does not count', async () => {
  const other = spawn('sleep', ['60'], { stdio: 'ignore' });
  await once(other, 'spawn');
  writeFileSync(lockFile(), `${processIdentity(other.pid ?? 0)}\n`);
  other.kill('SIGKILL');
  await once(other, 'exit');
  DataLock.acquire(folder).release();
});

test.runIf(process.platform === 'linux')('a process that got the id of a dead holder does not count', () => {
  writeFileSync(lockFile(), `${process.pid} 1 another-boot\n`);
  DataLock.acquire(folder).release();
  expect(readdirSync(folder)).toEqual([]);
});

test('an empty or torn lock file does not count', () => {
  writeFileSync(lockFile(), '');
  DataLock.acquire(folder).release();
});

test('release leaves a lock alone that somebody else has taken since', () => {
  const lock = DataLock.acquire(folder);
  writeFileSync(lockFile(), '1 2 3\n');
  lock.release();
  expect(existsSync(lockFile())).toBe(true);
});

test('a folder that cannot be written is said in a sentence', () => {
  expect(() => DataLock.acquire(join(folder, 'missing'))).toThrow('The data folder cannot be written');
});
