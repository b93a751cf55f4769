// Names that every storage takes, counted in bytes: a folder that is too long is refused when it is asked for, since by
// the end of the meeting there is nobody left to choose another.

/** Of one name in a path; what the file systems of Linux, macOS and Windows take. */
export const MAX_NAME_BYTES = 255;
/** Of a whole key; what Amazon S3 takes. */
export const MAX_KEY_BYTES = 1024;
/** `/<id>.webm`, which is appended to the folder. */
const FILE_NAME_BYTES = 1 + 24 + 5;

/** The names in a path, whatever slashes came with it. */
export function namesIn(path: string): string[] {
  return path.split('/').filter((name) => name !== '');
}

/** What a folder must or must not be to be one of a storage; undefined when it is fine. */
export function folderProblem(path: string, maxKeyBytes = MAX_KEY_BYTES): string | undefined {
  const names = namesIn(path);
  if (names.some((name) => name === '.' || name === '..')) return 'must not go up in the tree of folders';
  if (/[^\x20-\x5b\x5d-\x7e\xa0-\ufffd]/.test(path)) return 'must not hold control characters or backslashes';
  if (!path.isWellFormed()) return 'must not hold halves of characters';
  if (names.some((name) => Buffer.byteLength(name) > MAX_NAME_BYTES)) {
    return `must not hold a name of more than ${MAX_NAME_BYTES} bytes in UTF-8`;
  }
  const most = maxKeyBytes - FILE_NAME_BYTES;
  return Buffer.byteLength(names.join('/')) > most ? `must be at most ${most} bytes in UTF-8` : undefined;
}

/**
 * The key of a file in a folder. A folder that could not be one, which an earlier version has accepted, is left out: a
 * recording in another folder is better than none.
 */
export function keyIn(folder: string, fileName: string, fallback: string, maxKeyBytes: number): string {
  const names = namesIn(folder);
  const isUsable = names.length > 0 && folderProblem(folder, maxKeyBytes) === undefined;
  return `${isUsable ? names.join('/') : fallback}/${fileName}`;
}
