// The durable queues of uploads and removals, as they are asked of the store.
import type { EgressFile } from '../../protocol/egress.ts';

export interface Upload {
  id: string;
  fileId: string;
  egressId: string;
  ownerId: string;
  /** Host and port of the address; empty for the storage. */
  host: string;
  target: 'storage' | 'presigned';
  url: string | null;
  attempts: number;
  createdAt: Date;
  file: EgressFile;
}

export interface DueQuery {
  at: Date;
  /** At most. */
  limit: number;
  /** At most, of one owner to one host. */
  perHost: number;
  /** Uploads that are left out since they run. */
  running: readonly string[];
  /** Owners that are left out since they may begin nothing now. */
  fullOwners: readonly string[];
}

export interface UploadStore {
  /** What is due, the longest waiting first, of every owner and host some. */
  dueUploads(nodeId: string, query: DueQuery): Promise<Upload[]>;
  /** How many of a node are neither done nor given up. */
  pendingUploads(nodeId: string): Promise<number>;
  uploadDone(upload: Upload, storedIn: 'file' | 's3' | undefined, at: Date): Promise<void>;
  /** Without `next` it is given up. */
  uploadFailed(upload: Upload, facts: { error: string; next: Date | undefined; at: Date }): Promise<void>;
  /** True when the copy on this disk is needed by nothing any more. */
  isSpare(fileId: string): Promise<boolean>;
  forgetLocal(fileId: string, at: Date): Promise<void>;
}

export interface Removal {
  egressId: string;
  /** The disk of its node, or an object storage. */
  place: 'disk' | 'storage';
  /** Of an HLS stream on the disk of its node. */
  folder: string | null;
  /** In the storage; with `isFolder` everything below it. */
  key: string | null;
  isFolder: boolean;
  attempts: number;
  createdAt: Date;
}

export interface RemovalStore {
  /** What a node may remove now, the longest waiting first. */
  dueRemovals(nodeId: string, query: { at: Date; limit: number }): Promise<Removal[]>;
  removalDone(removal: Removal): Promise<void>;
  removalFailed(removal: Removal, facts: { error: string; next: Date }): Promise<void>;
}
