// The folder of a browser: all that it keeps of a page, and gone with it.
import { createHash } from 'node:crypto';
import { chownSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { lstat, readdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { UserIds } from '../../../kit/child-process.ts';
import { processIdentity } from '../../../kit/process-identity.ts';

const PREFIX = 'roomful-page-';
const BLOCK_BYTES = 512;
/** What the smallest file or folder counts, so that empty ones are not free. */
const LEAST_BYTES = 4096;
const CANNOT_BECOME =
  'the browser is not run as root, and root may not start it as another user here: run the server as an ordinary user';

/** Makes one that its owner alone may enter. Where everybody may pass, unlike our own folders: the owner is not us. */
export function makeProfile(owner: UserIds | undefined): string {
  const profile = mkdtempSync(join(tmpdir(), `${PREFIX}${process.pid}-${lifeOf(process.pid)}-`));
  try {
    if (owner) chownSync(profile, owner.uid, owner.gid);
    return profile;
  } catch (cause) {
    removeProfile(profile);
    throw new Error(CANNOT_BECOME, { cause });
  }
}

export function removeProfile(profile: string): void {
  try {
    rmSync(profile, { recursive: true, force: true, maxRetries: 3 });
  } catch {
    // Removed by the next one that looks for stale ones.
  }
}

/** Removes what compositors that were killed have left. */
export function removeStaleProfiles(): void {
  for (const name of readdirSync(tmpdir()).filter((entry) => entry.startsWith(PREFIX))) {
    const [pid, life] = name.slice(PREFIX.length).split('-');
    if (life !== lifeOf(Number(pid))) removeProfile(join(tmpdir(), name));
  }
}

/** What a profile takes on the disk. Files that come and go meanwhile do not matter. */
export async function profileBytes(profile: string): Promise<number> {
  const entries = await readdir(profile, { recursive: true, withFileTypes: true }).catch(() => []);
  const sizes = entries.map(({ parentPath, name }) => diskBytes(join(parentPath, name)));
  return (await Promise.all(sizes)).reduce((sum, bytes) => sum + bytes, 0);
}

async function diskBytes(path: string): Promise<number> {
  return lstat(path).then(
    ({ blocks }) => Math.max(LEAST_BYTES, blocks * BLOCK_BYTES),
    () => 0,
  );
}

/** Short, and another one for each process that ever has the id: sockets in the profile may not have long paths. */
function lifeOf(pid: number): string {
  return createHash('sha256').update(processIdentity(pid)).digest('hex').slice(0, 8);
}
