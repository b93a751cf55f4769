// The files of the embedded database: where they lie, how they are made, and what PostgreSQL says in them.
//
//   <data folder>/postgres/
//     cluster/        PostgreSQL's own folder, owned by the account that runs it
//     password        of the role `roomful`, readable by us alone
//     postgres.log    what PostgreSQL prints; one older file is kept
//     roomful.lock    who uses all this
import { execFile, execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import {
  chmodSync,
  chownSync,
  closeSync,
  existsSync,
  fsyncSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { childEnvironment } from '../kit/child-process.ts';
import { letPass, makePrivateFolder } from '../kit/private-folder.ts';
import { isAlive } from '../kit/process-identity.ts';
import { StartError } from '../kit/start-error.ts';
import type { FileOwner, PostgresAccount } from './postgres-account.ts';

const run = promisify(execFile);

export const ROLE = 'roomful';

const INITDB_TIMEOUT_MS = 120_000;
const LOG_SIZE_LIMIT_BYTES = 10_000_000;
const LOG_TAIL_LINES = 12;
const STAGING_PREFIX = 'new-cluster-';

/** What the running PostgreSQL writes about itself. `port` and `status` come a moment after `pid`. */
export interface Postmaster {
  pid: number;
  port: number;
  status: string;
}

export class PostgresCluster {
  readonly folder: string;
  readonly #dataDir: string;

  constructor(dataDir: string) {
    this.#dataDir = dataDir;
    this.folder = join(dataDir, 'postgres');
    try {
      makePrivateFolder(this.folder);
      // PostgreSQL sees paths without symbolic links, and we compare with what it sees.
      this.folder = realpathSync(this.folder);
    } catch (error) {
      throw new StartError(
        `The data folder ${dataDir} cannot be created or entered: ${(error as Error).message}. ` +
          'Give this user access to it, or name another with ROOMFUL_DATA_DIR.',
        { cause: error },
      );
    }
  }

  /** Whether there is a database in a data folder; makes nothing. */
  static existsIn(dataDir: string): boolean {
    return existsSync(join(dataDir, 'postgres', 'cluster'));
  }

  get files(): string {
    return join(this.folder, 'cluster');
  }

  get #logFile(): string {
    return join(this.folder, 'postgres.log');
  }

  get exists(): boolean {
    return existsSync(this.files);
  }

  owner(): FileOwner | undefined {
    if (!this.exists) return undefined;
    const { uid, gid } = statSync(this.files);
    return { uid, gid };
  }

  /** Lets the account that runs PostgreSQL reach its files; both folders are closed to everybody else. */
  open(owner: FileOwner): void {
    for (const folder of [this.#dataDir, this.folder]) letPass(folder, owner.gid);
  }

  /** Throws the reason why this PostgreSQL cannot serve what is here, before anything runs. */
  check(version: string): void {
    this.#checkVersion(version);
    this.password();
  }

  #checkVersion(version: string): void {
    const made = this.#read('PG_VERSION')?.trim();
    const major = version.split('.')[0];
    if (made === major) return;
    if (made === undefined) {
      throw new StartError(
        `${this.files} is not a PostgreSQL database, or not one this user may read. ` +
          'Restore it from a backup, or move it away to begin with an empty one.',
      );
    }
    throw new StartError(
      `The database in ${this.files} was made by PostgreSQL ${made}, and this Roomful brings PostgreSQL ${major}. ` +
        `Bring it over with pg_upgrade or with a dump from a Roomful that has PostgreSQL ${made}; ` +
        'or move the folder away to begin with an empty database.',
    );
  }

  /** Makes the database. A half-made one never gets the final name, so a kill at any moment leaves nothing to repair. */
  async initialise(initdb: string, account: PostgresAccount): Promise<void> {
    const staging = mkdtempSync(join(this.folder, STAGING_PREFIX));
    try {
      const passwordFile = join(staging, 'password');
      writeFileSync(passwordFile, `${this.#createPassword()}\n`, { mode: 0o600 });
      for (const path of [staging, passwordFile]) giveTo(account, path);
      const made = join(staging, 'cluster');
      await this.#runInitdb(initdb, account, made, passwordFile);
      renameSync(made, this.files);
      syncFolder(this.folder);
    } finally {
      rmSync(staging, { recursive: true, force: true });
    }
  }

  async #runInitdb(initdb: string, account: PostgresAccount, made: string, passwordFile: string): Promise<void> {
    const [command = '', ...args] = [
      ...account.prefix,
      initdb,
      `--pgdata=${made}`,
      `--username=${ROLE}`,
      `--pwfile=${passwordFile}`,
      '--auth=scram-sha-256',
      '--encoding=UTF8',
      '--locale=C',
      // Sorts by code point like C but knows upper and lower case of all languages; needs nothing of the system.
      '--locale-provider=builtin',
      '--builtin-locale=C.UTF-8',
    ];
    const options = { ...account.ids, cwd: this.folder, env: postgresEnvironment(), timeout: INITDB_TIMEOUT_MS };
    try {
      await run(command, args, options);
    } catch (error) {
      const { stderr, message } = error as Error & { stderr?: string };
      throw new StartError(
        `PostgreSQL could not create its database in ${this.folder}:\n${indent(stderr || message)}\n` +
          'Check that the disk has room and that the folder may be written.',
        { cause: error },
      );
    }
  }

  /** Removes what an initialise that was killed has left. Its initdb may still be dying, so failing is no error. */
  sweep(): void {
    for (const name of readdirSync(this.folder).filter((entry) => entry.startsWith(STAGING_PREFIX))) {
      try {
        rmSync(join(this.folder, name), { recursive: true, force: true, maxRetries: 3 });
      } catch {
        // The next start tries again.
      }
    }
  }

  password(): string {
    try {
      return readFileSync(join(this.folder, 'password'), 'utf8').trim();
    } catch (error) {
      throw new StartError(
        `The password of the database could not be read: ${(error as Error).message}. Restore it from a backup of ` +
          `${this.folder}, or move that folder away to begin with an empty database.`,
        { cause: error },
      );
    }
  }

  /** Written before the database exists, so that there is never a database without its password. */
  #createPassword(): string {
    const path = join(this.folder, 'password');
    if (!existsSync(path)) {
      const draft = `${path}.new`;
      writeFileSync(draft, `${randomBytes(24).toString('base64url')}\n`, { mode: 0o600, flush: true });
      chmodSync(draft, 0o600);
      renameSync(draft, path);
    }
    return this.password();
  }

  /** What is in postmaster.pid, whether or not that PostgreSQL still runs. */
  postmaster(): Postmaster | undefined {
    const lines = this.#read('postmaster.pid')?.split('\n');
    const pid = Number(lines?.[0]);
    if (lines === undefined || !Number.isInteger(pid) || pid <= 0) return undefined;
    // Lines 4 and 8 of the file, as PostgreSQL's miscadmin.h numbers them.
    return { pid, port: Number(lines[3]), status: lines[7]?.trim() ?? '' };
  }

  /** Whether this process is a PostgreSQL that runs on our files. It works in that folder, as its first argument says. */
  isServedBy(pid: number): boolean {
    try {
      if (process.platform === 'linux') return readlinkSync(`/proc/${pid}/cwd`) === this.files;
      const options = { encoding: 'utf8', env: childEnvironment() } as const;
      return execFileSync('ps', ['-o', 'command=', '-p', String(pid)], options).includes(this.files);
    } catch {
      return false;
    }
  }

  /**
   * PostgreSQL refuses to start while the process id in a left-over postmaster.pid is taken, even if by now by some
   * other program. It makes an exception for the process that starts it, so we put in our own id. Removing the file
   * would also remove what PostgreSQL goes by to notice orphans of the dead server that still write.
   */
  claimLeftover(): void {
    const leftover = this.postmaster();
    if (leftover === undefined || !isAlive(leftover.pid)) return;
    const path = join(this.files, 'postmaster.pid');
    writeFileSync(path, readFileSync(path, 'utf8').replace(/^\d+/, String(process.pid)));
  }

  /** Opens the log for appending. `tail` reads what was written since. */
  openLog(): { fd: number; tail: () => string } {
    const size = statSync(this.#logFile, { throwIfNoEntry: false })?.size ?? 0;
    const full = size > LOG_SIZE_LIMIT_BYTES;
    if (full) renameSync(this.#logFile, `${this.#logFile}.1`);
    const start = full ? 0 : size;
    const fd = openSync(this.#logFile, 'a', 0o600);
    const written = () => readFileSync(this.#logFile).subarray(start).toString('utf8');
    return { fd, tail: () => indent(written().trimEnd().split('\n').slice(-LOG_TAIL_LINES).join('\n')) };
  }

  #read(name: string): string | undefined {
    try {
      return readFileSync(join(this.files, name), 'utf8');
    } catch {
      return undefined;
    }
  }
}

/** Only what PostgreSQL needs: PG* variables and locales of the operator must not leak in. */
export function postgresEnvironment(): NodeJS.ProcessEnv {
  return childEnvironment({ LC_ALL: 'C', TZ: 'UTC' });
}

function giveTo({ owner }: PostgresAccount, path: string): void {
  if (owner !== undefined) chownSync(path, owner.uid, owner.gid);
}

function syncFolder(folder: string): void {
  const fd = openSync(folder, 'r');
  fsyncSync(fd);
  closeSync(fd);
}

function indent(text: string): string {
  return text.trim().replaceAll(/^/gm, '    ');
}
