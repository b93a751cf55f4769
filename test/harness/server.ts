// The real program as a child process: its addresses, its log, and ways to end it.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { newApiKey, newApiSecret } from '../../src/protocol/ids.ts';
import { Journal } from './journal.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
/** A first start also initialises a database. */
/** As `npm start` has them. */
const NODE_FLAGS = ['--max-semi-space-size=8'];
const READY_TIMEOUT_MS = 60_000;
const EXIT_TIMEOUT_MS = 40_000;
const POSTGRES_EXIT_TIMEOUT_MS = 10_000;
const POLL_MS = 20;
const SHOWN_LINES = 25;

/** A line of the program's log; what is not JSON has only `msg`. */
export type LogLine = Record<string, unknown> & { msg: string };

export interface ServerOptions {
  env?: Record<string, string>;
  /** Kept when the server is disposed of; by default there is a new one, which goes with it. */
  dataDir?: string;
  /** More flags for Node.js. */
  nodeFlags?: string[];
}

interface Ready {
  httpUrl: string;
  httpsUrl: string;
  pid: number;
}

export class TestServer implements AsyncDisposable {
  readonly apiKey: string;
  readonly secret: string;
  readonly dataDir: string;
  readonly log: Journal<LogLine>;
  readonly #env: Record<string, string>;
  readonly #nodeFlags: string[];
  readonly #ownsDataDir: boolean;
  #child: ChildProcess | undefined;
  #ready: Ready | undefined;

  private constructor(dataDir: string, options: ServerOptions) {
    this.dataDir = dataDir;
    this.#env = options.env ?? {};
    this.#nodeFlags = [...NODE_FLAGS, ...(options.nodeFlags ?? [])];
    this.apiKey = this.#env.ROOMFUL_API_KEY ?? newApiKey();
    this.secret = this.#env.ROOMFUL_API_SECRET ?? newApiSecret();
    this.#ownsDataDir = options.dataDir === undefined;
    this.log = new Journal<LogLine>({ name: 'lines of the server', show: showLine });
  }

  static async start(options: ServerOptions = {}): Promise<TestServer> {
    const dataDir = options.dataDir ?? (await mkdtemp(join(tmpdir(), 'roomful-test-')));
    const server = new TestServer(dataDir, options);
    await server.#launch({ ROOMFUL_HTTP_PORT: '0', ROOMFUL_HTTPS_PORT: '0' });
    return server;
  }

  get httpUrl(): string {
    return this.#started.httpUrl;
  }

  get httpsUrl(): string {
    return this.#started.httpsUrl;
  }

  /** host:port with TLS, as `signalingBaseUrl` wants it. */
  get base(): string {
    return new URL(this.httpsUrl).host;
  }

  get pid(): number {
    return this.#started.pid;
  }

  /** Waits for a line of the log, which may have been there already. */
  waitForLog(
    what: string,
    matches: (line: LogLine) => boolean,
    options: { from?: number; timeoutMs?: number } = {},
  ): Promise<LogLine> {
    return this.log.waitFor(what, matches, options);
  }

  /** The last lines of the log, without those of every answered request. */
  recently(): string {
    const isTelling = ({ time, msg }: LogLine) => time !== undefined && msg !== 'request.answered';
    const lines = this.log.filter(isTelling).slice(-SHOWN_LINES).map(showLine);
    return ['Last lines of the server:', ...lines].join('\n  ');
  }

  /** Process ids of the media workers that run now, by their number. */
  mediaWorkers(): Map<number, number> {
    const workers = new Map<number, number>();
    for (const line of this.log.entries) {
      if (line.msg === 'starting') workers.clear();
      if (line.msg === 'media worker started') workers.set(Number(line.worker), Number(line.pid));
    }
    return workers;
  }

  /** How it ended; nothing while it runs. */
  get exitCode(): number | null | undefined {
    return this.#child?.exitCode;
  }

  /** Waits until it has ended by itself. */
  async exited(): Promise<void> {
    const child = this.#child;
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    await once(child, 'exit', { signal: AbortSignal.timeout(EXIT_TIMEOUT_MS) });
  }

  /** Ends the program and waits until it is gone. */
  async kill(signal: 'SIGKILL' | 'SIGTERM' = 'SIGTERM'): Promise<void> {
    const child = this.#child;
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    const exited = once(child, 'exit', { signal: AbortSignal.timeout(EXIT_TIMEOUT_MS) });
    child.kill(signal);
    await exited;
  }

  /** Starts it again, on the same data folder and the same ports. */
  async restart(): Promise<void> {
    await this.kill();
    const { httpUrl, httpsUrl } = this.#started;
    await this.#launch({ ROOMFUL_HTTP_PORT: new URL(httpUrl).port, ROOMFUL_HTTPS_PORT: new URL(httpsUrl).port });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.kill('SIGTERM').catch(() => this.kill('SIGKILL'));
    await stopPostgresOf(this.dataDir);
    if (this.#ownsDataDir) await rm(this.dataDir, { recursive: true, force: true, maxRetries: 5 });
  }

  get #started(): Ready {
    if (!this.#ready) throw new Error('the server has not started');
    return this.#ready;
  }

  async #launch(ports: Record<string, string>): Promise<void> {
    const { PATH, HOME, MEDIASOUP_WORKER_BIN, ROOMFUL_BROWSER_SANDBOX } = process.env;
    const child = spawn(process.execPath, [...this.#nodeFlags, 'src/main.ts', 'serve'], {
      cwd: ROOT,
      stdio: ['ignore', 'pipe', 'pipe'],
      env: {
        PATH,
        HOME,
        ...(MEDIASOUP_WORKER_BIN && { MEDIASOUP_WORKER_BIN }),
        ...(ROOMFUL_BROWSER_SANDBOX && { ROOMFUL_BROWSER_SANDBOX }),
        ROOMFUL_DATA_DIR: this.dataDir,
        ROOMFUL_RTC_PORT: '0',
        ROOMFUL_API_KEY: this.apiKey,
        ROOMFUL_API_SECRET: this.secret,
        ROOMFUL_LOG_LEVEL: 'debug',
        // Webhook receivers of tests are on this machine.
        ROOMFUL_OUTBOUND_ALLOW: '127.0.0.1/32',
        ...ports,
        ...this.#env,
      },
    });
    this.#child = child;
    const from = this.log.mark();
    for (const stream of [child.stdout, child.stderr]) {
      createInterface({ input: stream }).on('line', (line) => this.log.add(parseLine(line)));
    }
    const gone = once(child, 'exit').then(([code, signal]) => {
      throw new Error(`the server ended with ${signal ?? code} before it was ready:\n${this.log.tail()}`);
    });
    gone.catch(() => undefined);
    const ready = this.log.waitFor('the server is ready', (line) => line.msg === 'ready', {
      from,
      timeoutMs: READY_TIMEOUT_MS,
    });
    const { httpUrl, httpsUrl, pid } = await Promise.race([ready, gone]);
    ready.catch(() => undefined);
    this.#ready = { httpUrl: String(httpUrl), httpsUrl: String(httpsUrl), pid: Number(pid) };
  }
}

function parseLine(text: string): LogLine {
  try {
    const line: unknown = JSON.parse(text);
    if (line !== null && typeof line === 'object' && 'msg' in line) return line as LogLine;
  } catch {
    // Not every line is a log line.
  }
  return { msg: text };
}

function showLine({ time, level, msg, ...facts }: LogLine): string {
  const { pid: _, hostname: __, ...rest } = facts;
  const text = `${String(time ?? '').slice(11, 23)} ${level ?? ''} ${msg} ${JSON.stringify(rest)}`;
  return text.length > 400 ? `${text.slice(0, 400)}…` : text;
}

/** An embedded database outlives a program that was killed, so that the next start can adopt it. */
async function stopPostgresOf(dataDir: string): Promise<void> {
  const pidFile = join(dataDir, 'postgres', 'cluster', 'postmaster.pid');
  if (!existsSync(pidFile)) return;
  const pid = Number.parseInt(readFileSync(pidFile, 'utf8'), 10);
  if (!Number.isInteger(pid) || pid <= 1) return;
  const deadline = Date.now() + POSTGRES_EXIT_TIMEOUT_MS;
  try {
    process.kill(pid, 'SIGQUIT');
    while (existsSync(pidFile) && Date.now() < deadline) {
      process.kill(pid, 0);
      await sleep(POLL_MS);
    }
  } catch {
    // It is gone.
  }
}
