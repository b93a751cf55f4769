// Folders that other users of the machine may not enter, and files that they may not read.
import { chmodSync, chownSync, lstatSync, mkdirSync } from 'node:fs';

/** Of folders; files have it without the right to enter. */
export const PRIVATE = 0o700;
/** What `letPass` adds. */
const MAY_PASS = 0o010;

/** Makes a folder, and those above it that are missing. */
export function makePrivateFolder(path: string): void {
  mkdirSync(path, { recursive: true, mode: PRIVATE });
}

/** Takes away what others may do with a file or folder. Returns whether they could do anything; links are left alone. */
export function closeToOthers(path: string): boolean {
  if (process.platform === 'win32') return false;
  const facts = lstatSync(path, { throwIfNoEntry: false });
  if (!facts || facts.isSymbolicLink()) return false;
  const allowed = facts.isDirectory() && process.getuid?.() === 0 ? PRIVATE | MAY_PASS : PRIVATE;
  if ((facts.mode & 0o777 & ~allowed) === 0) return false;
  chmodSync(path, facts.mode & PRIVATE);
  return true;
}

/** Lets one group pass through a folder of root's to what it owns in there, without seeing what else there is. */
export function letPass(folder: string, gid: number): void {
  chownSync(folder, 0, gid);
  chmodSync(folder, PRIVATE | MAY_PASS);
}
