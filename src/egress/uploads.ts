// Brings finished files to where they belong: the object storage, and addresses that callers have signed for us. Each is
// a row until it is done, so that neither a restart nor hours without the storage lose anything. A slot that is free
// takes the next that is due; an upload goes on for as long as its bytes move.
import { rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { Readable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { Lifecycle, type Service } from '../kit/lifecycle.ts';
import { persist } from '../kit/persist.ts';
import { Rounds } from '../kit/rounds.ts';
import { clip } from '../kit/text.ts';
import { DEFAULT_LIMITS, type Limits } from '../limits.ts';
import type { Logger } from '../log.ts';
import type { EgressFile } from '../protocol/egress.ts';
import { openWhole } from './storage/file-storage.ts';
import { putFolder } from './storage/folders.ts';
import type { Storage } from './storage/storage.ts';
import { type UploadLimits, UploadSlots } from './upload-slots.ts';

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

/** Sends a file to an address that a caller named, through the outbound guard; fails when nothing moves for `stallMs`. */
export type Put = (
  url: string,
  options: { headers: Record<string, string>; body: Readable; size: number; stallMs: number },
) => Promise<{ status: number; body: string }>;

export interface UploadsDeps {
  nodeId: string;
  store: UploadStore;
  storage: Storage;
  put: Put;
  limits?: UploadLimits & Pick<Limits, 'uploadStallSeconds'>;
  log: Logger;
}

/** While something waits for its next attempt. */
const LOOK_EVERY_MS = 1_000;
/** While nothing does: whoever has something new says so. */
const IDLE_LOOK_MS = 15_000;
/** Looked at in one turn; there is another turn when all of them were. */
const MAX_DUE = 1_000;
const FIRST_DELAY_MS = 1_000;
const LONGEST_DELAY_MS = 5 * 60_000;
/** The file stays on this disk when it is given up, and is served from there. */
const GIVE_UP_AFTER_MS = 3 * 24 * 3600_000;
const CONTENT_TYPES = { mp4: 'video/mp4', webm: 'video/webm' } as const;
const STOP_TIMEOUT_MS = 5_000;
const MAX_ERROR_LENGTH = 500;

export class Uploads implements Service {
  readonly #deps: UploadsDeps;
  readonly #slots: UploadSlots;
  readonly #stallMs: number;
  /** With the egress of each. */
  readonly #attempts = new Map<Promise<void>, string>();
  readonly #stopped = new AbortController();
  readonly #looks = new Rounds(() => this.#look());
  readonly #lifecycle = new Lifecycle(
    async () => this.look(),
    () => this.#stop(),
  );

  constructor(deps: UploadsDeps) {
    const { limits = DEFAULT_LIMITS } = deps;
    this.#deps = deps;
    this.#slots = new UploadSlots(limits);
    this.#stallMs = limits.uploadStallSeconds * 1000;
  }

  start(): Promise<void> {
    return this.#lifecycle.start();
  }

  /** Waits a little for what is under way; the next start does it again. */
  stop(): Promise<void> {
    return this.#lifecycle.stop();
  }

  /** Resolves when nothing of an egress is on its way any more. */
  async settled(egressId: string): Promise<void> {
    // What is being looked for may be about to begin.
    await this.#looks.running;
    const attempts = [...this.#attempts].filter(([, id]) => id === egressId).map(([attempt]) => attempt);
    await Promise.all(attempts);
  }

  /** Looks for what is due, now. */
  look(): void {
    this.#looks.ask();
  }

  async #stop(): Promise<void> {
    this.#looks.stop();
    this.#stopped.abort();
    const settled = Promise.all([this.#looks.running, ...this.#attempts.keys()]);
    await Promise.race([settled, sleep(STOP_TIMEOUT_MS, undefined, { ref: false })]);
  }

  /** Never rejects. */
  async #look(): Promise<number> {
    try {
      await this.#fillSlots();
      return (await this.#deps.store.pendingUploads(this.#deps.nodeId)) === 0 ? IDLE_LOOK_MS : LOOK_EVERY_MS;
    } catch (error) {
      this.#deps.log.warn({ err: error }, 'uploads could not be looked for');
      return LOOK_EVERY_MS;
    }
  }

  /** Begins what is due, as far as there is room for it. */
  async #fillSlots(): Promise<void> {
    const { nodeId, store, limits = DEFAULT_LIMITS } = this.#deps;
    let mayBeMore = true;
    while (mayBeMore && this.#slots.hasRoom && !this.#lifecycle.stopped) {
      const { running, fullOwners } = this.#slots;
      const query = { at: new Date(), limit: MAX_DUE, perHost: limits.uploadsPerHost, running, fullOwners };
      const due = await store.dueUploads(nodeId, query);
      let begun = 0;
      for (let next = this.#slots.takeNext(due); next; next = this.#slots.takeNext(due)) {
        this.#begin(next);
        begun += 1;
      }
      mayBeMore = begun > 0 && due.length === MAX_DUE;
    }
  }

  #begin(upload: Upload): void {
    const { egressId } = upload;
    const attempt = this.#attempt(upload)
      .catch((error: unknown) => this.#deps.log.error({ err: error, egressId }, 'upload could not be noted'))
      .finally(() => {
        this.#attempts.delete(attempt);
        this.#slots.free(upload.id);
        this.look();
      });
    this.#attempts.set(attempt, egressId);
  }

  async #attempt(upload: Upload): Promise<void> {
    const { store, storage, log } = this.#deps;
    const facts = { egressId: upload.egressId, target: upload.target, attempt: upload.attempts + 1 };
    const startedAt = performance.now();
    try {
      await this.#send(upload);
    } catch (error) {
      // The next start makes this attempt again.
      if (this.#lifecycle.stopped) return;
      const message = clip(error instanceof Error ? error.message : String(error), MAX_ERROR_LENGTH);
      const next = nextAttempt(upload, new Date());
      await this.#persist(upload, () => store.uploadFailed(upload, { error: message, next, at: new Date() }));
      log[next ? 'warn' : 'error']({ ...facts, err: error, next }, 'upload.attempted');
      return;
    }
    const storedIn = upload.target === 'storage' ? storage.kind : undefined;
    await this.#persist(upload, () => store.uploadDone(upload, storedIn, new Date()));
    log.info({ ...facts, durationMs: Math.round(performance.now() - startedAt) }, 'upload.attempted');
    await this.#tidy(upload);
  }

  /** What took hours is not done again because the database was away for a moment. */
  #persist({ egressId }: Upload, write: () => Promise<void>): Promise<void> {
    return persist(write, {
      isAnswer: () => false,
      onFailure: (error, delayMs) => this.#deps.log.warn({ err: error, egressId, delayMs }, 'upload not noted yet'),
      signal: this.#stopped.signal,
    });
  }

  async #send({ file, target, url }: Upload): Promise<void> {
    const path = file.localPath;
    if (path === null) throw new Error('the file is not on this disk any more');
    const { storage } = this.#deps;
    if (file.format === 'm3u8') return putFolder(storage, path, file.key);
    const contentType = CONTENT_TYPES[file.format];
    if (target === 'storage') return storage.put(path, file.key, contentType);
    const { body, size } = await openWhole(path);
    const headers = { 'content-type': contentType };
    const answer = await this.#deps.put(url ?? '', { headers, body, size, stallMs: this.#stallMs });
    if (answer.status < 200 || answer.status > 299) throw new Error(`status ${answer.status}: ${answer.body}`);
  }

  /** The row forgets the copy first: one that is gone but known would be served as an error. */
  async #tidy({ file, fileId }: Upload): Promise<void> {
    const { store } = this.#deps;
    if (file.localPath === null || !(await store.isSpare(fileId))) return;
    await store.forgetLocal(fileId, new Date());
    const folder = file.format === 'm3u8' ? file.localPath : dirname(file.localPath);
    await rm(folder, { recursive: true, force: true });
  }
}

function nextAttempt({ attempts, createdAt }: Upload, now: Date): Date | undefined {
  const delayMs = Math.min(FIRST_DELAY_MS * 2 ** attempts, LONGEST_DELAY_MS);
  const next = new Date(now.getTime() + delayMs);
  return next.getTime() - createdAt.getTime() > GIVE_UP_AFTER_MS ? undefined : next;
}
