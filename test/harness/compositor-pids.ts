import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';

/** Process ids of compositors that a server with this data folder runs. */
export async function compositorPids(dataDir: string): Promise<number[]> {
  const folder = join(dataDir, 'egress', 'children');
  const names = await readdir(folder);
  const texts = await Promise.all(names.map((name) => readFile(join(folder, name), 'utf8').catch(() => '')));
  return texts.filter(Boolean).map((text) => Number.parseInt(text, 10));
}
