// Whole folders in a storage: an HLS stream is some thousand small files that belong together.
import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { hlsContentType, isPlaylist } from '../hls-playlist.ts';
import { eachOf } from './each-of.ts';
import type { Storage } from './storage.ts';

const AT_ONCE = 8;

/**
 * Brings every file of a folder to the storage. What is there already, from an attempt that broke off, is left; playlists
 * come last, so that whoever finds one finds all that it names.
 */
export async function putFolder(storage: Storage, folder: string, key: string): Promise<void> {
  const names = (await readdir(folder)).sort((a, b) => Number(isPlaylist(a)) - Number(isPlaylist(b)));
  await eachOf(names, AT_ONCE, (name) => putOnce(storage, join(folder, name), `${key}/${name}`, hlsContentType(name)));
}

async function putOnce(storage: Storage, path: string, key: string, contentType: string): Promise<void> {
  const { size } = await stat(path);
  if ((await storage.size(key)) === size) return;
  await storage.put(path, key, contentType);
}

export async function sizeOfFolder(folder: string): Promise<number> {
  const names = await readdir(folder);
  const sizes = await Promise.all(names.map(async (name) => (await stat(join(folder, name))).size));
  return sizes.reduce((sum, size) => sum + size, 0);
}
