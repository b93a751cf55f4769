// The last step: whatever the storage says, the file is kept.
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { anEgress } from '../../test/harness/an-egress.ts';
import { createLogger } from '../log.ts';
import type { Egress } from '../protocol/egress.ts';
import { Finisher } from './finisher.ts';
import { workFolder } from './outputs.ts';
import { FileStorage } from './storage/file-storage.ts';

let folder: string;
let storage: FileStorage;
let finisher: Finisher;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'roomful-finisher-'));
  storage = new FileStorage(join(folder, 'storage'));
  finisher = new Finisher({ folder, storage, onUpload: () => undefined, log: createLogger('silent') });
});
afterEach(() => rmSync(folder, { recursive: true }));

async function finished(facts: Partial<Egress>) {
  const egress = anEgress(facts);
  const work = workFolder(folder, egress.id);
  mkdirSync(work, { recursive: true });
  const path = join(work, 'part-1.mp4');
  writeFileSync(path, 'a recording');
  const { file, uploads } = await finisher.finish(egress, [path], { path, size: 11, duration: 60 });
  if (!file) throw new Error('no file');
  return { file, uploads, fileName: `${file.id}.mp4` };
}

it('a recording goes into the folder that was asked for', async () => {
  const { file, uploads, fileName } = await finished({ dirPath: 'a/b' });
  expect(file).toMatchObject({ key: `a/b/${fileName}`, storedIn: 'file', localPath: null });
  expect(uploads).toEqual([]);
});

it.each([
  ['longer than a file system takes', 'a'.repeat(300)],
  ['longer than a key may be', Array.from({ length: 50 }, () => 'a'.repeat(50)).join('/')],
  ['the name of a file', 'taken/below'],
])('a folder that is %s is left out', async (_, dirPath) => {
  mkdirSync(join(folder, 'storage'));
  writeFileSync(join(folder, 'storage/taken'), '');
  const { file, uploads, fileName } = await finished({ dirPath });
  expect(file).toMatchObject({ key: `recordings/${fileName}`, storedIn: 'file', localPath: null });
  expect(uploads).toEqual([]);
  expect(readFileSync(join(folder, 'storage', file.key), 'utf8')).toBe('a recording');
});

it('a storage that takes nothing gets it later, and until then it is kept here', async () => {
  writeFileSync(join(folder, 'storage'), 'not a folder');
  const { file, uploads, fileName } = await finished({ dirPath: 'march' });
  expect(uploads).toEqual([{ target: 'storage', url: null }]);
  expect(file).toMatchObject({ key: `march/${fileName}`, storedIn: null });
  expect(readFileSync(String(file.localPath), 'utf8')).toBe('a recording');
});

it('what an attempt left that was killed in the middle is not taken for the file', async () => {
  const path = join(folder, 'whole.mp4');
  writeFileSync(path, 'a recording');
  mkdirSync(join(folder, 'storage/x'), { recursive: true });
  writeFileSync(join(folder, 'storage/x/a.mp4'), 'a rec');
  await storage.put(path, 'x/a.mp4');
  expect(readFileSync(join(folder, 'storage/x/a.mp4'), 'utf8')).toBe('a recording');
  await storage.put(path, 'x/a.mp4');
  expect(readdirSync(join(folder, 'storage/x'))).toEqual(['a.mp4']);
  expect(existsSync(path)).toBe(true);
});
