// What HTTP itself asks of the store: a place for the files that participants upload.
import type { Readable } from 'node:stream';

/** Writes a piece of the file. */
export type Write = (content: Buffer) => Promise<void>;

export interface StoredFile {
  id: string;
  ownerId: string;
  roomId: string;
  fileName: string;
  size: number;
}

/** Where uploaded files are kept. */
export interface FileStore {
  /** Keeps a file whose content `fill` writes piece by piece, returning its name. */
  save(holder: Pick<StoredFile, 'ownerId' | 'roomId'>, fill: (write: Write) => Promise<string>): Promise<StoredFile>;
  find(id: string): Promise<StoredFile | undefined>;
  /** The content of a file, or nothing when it is gone. */
  open(id: string): Promise<Readable | undefined>;
}
