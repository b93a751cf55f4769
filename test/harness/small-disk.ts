// A disk that is full when a test wants it to be.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const DISK_KILOBYTES = 8_192;

export interface Disk extends Disposable {
  path: string;
  fill(): void;
  makeRoom(): void;
}

/** A file system of a few megabytes, in memory. */
export function smallDisk(): Disk {
  const path = mkdtempSync(join(tmpdir(), 'roomful-disk-'));
  execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${DISK_KILOBYTES}k`, 'roomful-test', path]);
  const filler = join(path, 'filler');
  return {
    path,
    fill() {
      try {
        writeFileSync(filler, Buffer.alloc(DISK_KILOBYTES * 1024));
      } catch {
        // As much as there was room for is there now.
      }
    },
    makeRoom: () => rmSync(filler),
    [Symbol.dispose]() {
      execFileSync('umount', ['--lazy', path]);
      rmSync(path, { recursive: true });
    },
  };
}

/** Takes root, and a kernel that lets it. */
export function canMount(): boolean {
  try {
    smallDisk()[Symbol.dispose]();
    return true;
  } catch {
    return false;
  }
}
