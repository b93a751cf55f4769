// Brings finished files to where they belong: the object storage, and addresses that callers have signed for us. Each is
// a row until it is done, so that neither a restart nor hours without the storage lose anything.
import { createReadStream } from 'node:fs';
import { rm, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { Readable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { Lifecycle, type Service } from '../kit/lifecycle.ts';
import type { Logger } from '../log.ts';
import type { EgressFile } from '../protocol/egress.ts';
import { putFolder } from './storage/folders.ts';
import type { Storage } from './storage/storage.ts';

export interface Upload {
  id: string;
  fileId: string;
  egressId: string;
  target: 'storage' | 'presigned';
  url: string | null;
  attempts: number;
  createdAt: Date;
  file: EgressFile;
}

export interface UploadStore {
  dueUploads(nodeId: string, at: Date, limit: number): Promise<Upload[]>;
  /** How many of a node are neither done nor given up. */
  pendingUploads(nodeId: string): Promise<number>;
  uploadDone(upload: Upload, storedIn: 'file' | 's3' | undefined, at: Date): Promise<void>;
  /** Without `next` it is given up. */
  uploadFailed(upload: Upload, facts: { error: string; next: Date | undefined; at: Date }): Promise<void>;
  /** True when the copy on this disk is needed by nothing any more. */
  isSpare(fileId: string): Promise<boolean>;
  forgetLocal(fileId: string, at: Date): Promise<void>;
}

/** Sends a file to an address that a caller named, through the outbound guard. */
export type Put = (
  url: string,
  options: { headers: Record<string, string>; body: Readable; timeoutMs: number },
) => Promise<{ status: number; body: string }>;

export interface UploadsDeps {
  nodeId: string;
  store: UploadStore;
  storage: Storage;
  put: Put;
  log: Logger;
}

/** While something waits for its next attempt. */
const LOOK_EVERY_MS = 1_000;
/** While nothing does: whoever has something new says so. */
const IDLE_LOOK_MS = 15_000;
const AT_ONCE = 2;
const FIRST_DELAY_MS = 1_000;
const LONGEST_DELAY_MS = 5 * 60_000;
/** The file stays on this disk when it is given up, and is served from there. */
const GIVE_UP_AFTER_MS = 3 * 24 * 3600_000;
const PUT_TIMEOUT_MS = 30 * 60_000;
const CONTENT_TYPES = { mp4: 'video/mp4', webm: 'video/webm' } as const;
const STOP_TIMEOUT_MS = 5_000;
const MAX_ERROR_LENGTH = 500;

export class Uploads implements Service {
  readonly #deps: UploadsDeps;
  #timer: NodeJS.Timeout | undefined;
  #passing: Promise<void> | undefined;
  /** While it was looking: what is new may have been missed. */
  #isAsked = false;
  readonly #lifecycle = new Lifecycle(
    async () => this.look(),
    async () => {
      clearTimeout(this.#timer);
      await Promise.race([this.#passing, sleep(STOP_TIMEOUT_MS, undefined, { ref: false })]);
    },
  );

  constructor(deps: UploadsDeps) {
    this.#deps = deps;
  }

  start(): Promise<void> {
    return this.#lifecycle.start();
  }

  /** Waits a little for what is under way; the next start does it again. */
  stop(): Promise<void> {
    return this.#lifecycle.stop();
  }

  /** Looks for what is due, now. */
  look(): void {
    if (this.#lifecycle.stopped) return;
    if (this.#passing) {
      this.#isAsked = true;
      return;
    }
    this.#isAsked = false;
    clearTimeout(this.#timer);
    this.#passing = this.#pass()
      .catch((error) => {
        this.#deps.log.warn({ err: error }, 'uploads could not be looked for');
        return LOOK_EVERY_MS;
      })
      .then((restMs) => {
        this.#passing = undefined;
        if (!this.#lifecycle.stopped) this.#timer = setTimeout(() => this.look(), this.#isAsked ? 0 : restMs);
      });
  }

  /** Answers after how long to look again. */
  async #pass(): Promise<number> {
    const { nodeId, store } = this.#deps;
    const due = await store.dueUploads(nodeId, new Date(), AT_ONCE);
    await Promise.all(due.map((upload) => this.#attempt(upload)));
    if (due.length === AT_ONCE) return 0;
    return (await store.pendingUploads(nodeId)) > 0 ? LOOK_EVERY_MS : IDLE_LOOK_MS;
  }

  async #attempt(upload: Upload): Promise<void> {
    const { store, storage, log } = this.#deps;
    const facts = { egressId: upload.egressId, target: upload.target, attempt: upload.attempts + 1 };
    const startedAt = performance.now();
    try {
      await this.#send(upload);
    } catch (error) {
      const message = (error instanceof Error ? error.message : String(error)).slice(0, MAX_ERROR_LENGTH);
      const next = nextAttempt(upload, new Date());
      await store.uploadFailed(upload, { error: message, next, at: new Date() });
      log[next ? 'warn' : 'error']({ ...facts, err: error, next }, 'upload.attempted');
      return;
    }
    await store.uploadDone(upload, upload.target === 'storage' ? storage.kind : undefined, new Date());
    log.info({ ...facts, durationMs: Math.round(performance.now() - startedAt) }, 'upload.attempted');
    await this.#tidy(upload);
  }

  async #send({ file, target, url }: Upload): Promise<void> {
    const path = file.localPath;
    if (path === null) throw new Error('the file is not on this disk any more');
    const { storage } = this.#deps;
    if (file.format === 'm3u8') return putFolder(storage, path, file.key);
    const contentType = CONTENT_TYPES[file.format];
    if (target === 'storage') return storage.put(path, file.key, contentType);
    const { size } = await stat(path);
    const answer = await this.#deps.put(url ?? '', {
      headers: { 'content-type': contentType, 'content-length': String(size) },
      body: createReadStream(path),
      timeoutMs: PUT_TIMEOUT_MS,
    });
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
