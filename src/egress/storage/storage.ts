// Where finished files are kept, behind what every kind of storage can do.
import type { Readable } from 'node:stream';

/** First and last byte, both included. */
export interface ByteRange {
  start: number;
  end: number;
}

export interface Storage {
  readonly kind: 'file' | 's3';
  /** As long as a key may be, in bytes of UTF-8. */
  readonly maxKeyBytes: number;
  /** Returns only once the storage has confirmed that it has all of the file. */
  put(localPath: string, key: string, contentType: string): Promise<void>;
  /** The content, or a part of it; nothing when there is none. */
  open(key: string, range?: ByteRange): Promise<Readable | undefined>;
  /** Bytes of what is under a key; nothing when there is none. */
  size(key: string): Promise<number | undefined>;
  /** What is not there is no error. */
  remove(key: string): Promise<void>;
  /** Removes everything whose key begins with `folder/`. */
  removeFolder(folder: string): Promise<void>;
  /** Rejects when the storage cannot be used as it is configured. */
  check(): Promise<void>;
  close(): void;
}
