// The Chromium that a page is filmed in: a process of its own with a fresh profile, confined as far as the machine
// allows, that can reach nothing but through the proxy.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chownSync, mkdtempSync, readdirSync, rmSync, statfsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Readable, Writable } from 'node:stream';
import { isAlive } from '../../../kit/process-identity.ts';
import type { Blame } from '../sinks/sink.ts';
import { DevTools } from './devtools.ts';
import { memoryOfTree } from './process-tree.ts';

export interface BrowserOptions {
  /** Path of a Chromium or Chrome. */
  program: string;
  size: { width: number; height: number };
  proxyPort: number;
  /** `host:port` that is reached without the proxy. */
  directHost: string;
  /** Of the tab that is filmed, at the time when filming begins. */
  titleOfFilmed: string;
  /** SHA-256 of public keys, base64: certificates of this installation that need no authority to vouch for them. */
  certificates: readonly string[];
  /** Called once when it has ended although nobody closed it. */
  onGone(reason: string, blame: Blame): void;
  log(level: 'info' | 'warn', msg: string, facts: Record<string, unknown>): void;
}

/** A way to run it. */
interface Account {
  ids: { uid?: number; gid?: number };
  sandboxed: boolean;
}

const PROFILE_PREFIX = 'roomful-page-';
/** Nobody, on every Linux. */
const NOBODY = { uid: 65534, gid: 65534 };
const START_TIMEOUT_MS = 8_000;
const LAST_LINES = 5;
/** What the browser says on machines without a desktop, which explains nothing. */
const NOISE = /dbus|gcm|GpuControl|vaapi|Fontconfig|DevTools listening|^\s*$/i;
const SMALL_SHARED_MEMORY_BYTES = 512 * 1024 * 1024;
const MAX_MEMORY_BYTES = 2 * 1024 ** 3;
const LOOK_AT_MEMORY_MS = 3_000;

export class Browser {
  readonly devTools: DevTools;
  readonly #process: ChildProcess;
  readonly #profile: string;
  readonly #watch: NodeJS.Timeout;
  #reason: string | undefined;
  #closed = false;

  private constructor(child: ChildProcess, devTools: DevTools, profile: string, options: BrowserOptions) {
    this.#process = child;
    this.devTools = devTools;
    this.#profile = profile;
    this.#watch = setInterval(() => this.#lookAtMemory(), LOOK_AT_MEMORY_MS);
    child.once('exit', (code, signal) => {
      clearInterval(this.#watch);
      const reason = this.#reason ?? `the browser ended by itself (${signal ?? `code ${code}`})`;
      devTools.close(reason);
      if (!this.#closed) options.onGone(reason, this.#reason === undefined ? 'us' : 'destination');
    });
  }

  /** Starts it in the most confined way that works here; rejects with what it said when none does. */
  static async launch(options: BrowserOptions): Promise<Browser> {
    removeStaleProfiles();
    let failure = 'it cannot be run on this machine';
    for (const account of accounts()) {
      const started = await tryLaunch(options, account);
      if (typeof started === 'string') {
        failure = started;
        continue;
      }
      const { child, devTools, profile } = started;
      if (!account.sandboxed) {
        options.log('warn', 'the browser runs without its sandbox: user namespaces are not available here', {});
      }
      return new Browser(child, devTools, profile, options);
    }
    throw new Error(`the browser could not be started: ${failure}`);
  }

  /** Ends it and removes its profile. */
  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    clearInterval(this.#watch);
    const gone = once(this.#process, 'exit');
    if (this.#process.exitCode === null && this.#process.signalCode === null) {
      killTree(this.#process);
      await gone;
    }
    removeProfile(this.#profile);
  }

  #lookAtMemory(): void {
    const bytes = this.#process.pid === undefined ? 0 : memoryOfTree(this.#process.pid);
    if (bytes <= MAX_MEMORY_BYTES) return;
    this.#reason = `the page used more than ${MAX_MEMORY_BYTES / 1024 ** 3} GiB of memory`;
    killTree(this.#process);
  }
}

/** The browser's own sandbox does not work for root, and needs user namespaces for everybody else. */
function accounts(): Account[] {
  const isRoot = process.getuid?.() === 0;
  const ids = isRoot ? NOBODY : {};
  const confined = [
    { ids, sandboxed: true },
    { ids, sandboxed: false },
  ];
  // Where nobody else may execute it, such as in root's own folder.
  return isRoot ? [...confined, { ids: {}, sandboxed: false }] : confined;
}

type Started = { child: ChildProcess; devTools: DevTools; profile: string };

async function tryLaunch(options: BrowserOptions, account: Account): Promise<Started | string> {
  const profile = mkdtempSync(join(tmpdir(), `${PROFILE_PREFIX}${process.pid}-`));
  if (account.ids.uid !== undefined) chownSync(profile, account.ids.uid, account.ids.gid ?? account.ids.uid);
  const child = spawn(options.program, flags(options, account, profile), {
    ...account.ids,
    // A process group of its own: it is ended as a whole, and by nobody's Ctrl-C.
    detached: true,
    env: { PATH: process.env.PATH, HOME: profile, TMPDIR: profile, LANG: 'en_US.UTF-8' },
    stdio: ['ignore', 'ignore', 'pipe', 'pipe', 'pipe'],
  });
  const lastLines = keepLastLines(child.stderr as Readable);
  const devTools = new DevTools(child.stdio[3] as Writable, child.stdio[4] as Readable);
  const failure = await Promise.race([
    devTools.send('Browser.getVersion').then(
      () => undefined,
      (error: Error) => error.message,
    ),
    once(child, 'exit').then(([code, signal]) => `it ended with ${signal ?? `code ${code}`}`),
    once(child, 'error').then(([error]) => (error as Error).message),
    new Promise<string>((resolve) => setTimeout(resolve, START_TIMEOUT_MS, 'it did not answer').unref()),
  ]);
  if (failure === undefined) return { child, devTools, profile };
  devTools.close(failure);
  killTree(child);
  removeProfile(profile);
  return [failure, ...lastLines].join('; ');
}

function flags(options: BrowserOptions, { sandboxed }: Account, profile: string): string[] {
  const { width, height } = options.size;
  const hasSmallSharedMemory = sharedMemoryBytes() < SMALL_SHARED_MEMORY_BYTES;
  return [
    '--headless=new',
    '--remote-debugging-pipe',
    `--user-data-dir=${profile}`,
    `--window-size=${width},${height}`,
    `--proxy-server=http://127.0.0.1:${options.proxyPort}`,
    // By itself Chromium goes around the proxy for the loopback; of two rules that fit, the later one counts.
    `--proxy-bypass-list=<-loopback>;${options.directHost}`,
    `--auto-select-tab-capture-source-by-title=${options.titleOfFilmed}`,
    '--autoplay-policy=no-user-gesture-required',
    ...(options.certificates.length > 0
      ? [`--ignore-certificate-errors-spki-list=${options.certificates.join(',')}`]
      : []),
    ...(sandboxed ? [] : ['--no-sandbox']),
    ...(hasSmallSharedMemory ? ['--disable-dev-shm-usage'] : []),
    '--disable-gpu',
    '--disable-infobars',
    '--hide-scrollbars',
    '--force-color-profile=srgb',
    '--force-device-scale-factor=1',
    '--no-first-run',
    '--no-default-browser-check',
    '--disable-background-networking',
    '--disable-background-timer-throttling',
    '--disable-backgrounding-occluded-windows',
    '--disable-renderer-backgrounding',
    '--disable-breakpad',
    '--disable-component-update',
    '--disable-default-apps',
    '--disable-extensions',
    '--disable-quic',
    '--disable-sync',
    '--disable-features=Translate,MediaRouter,OptimizationHints,DialMediaRouteProvider',
    'about:blank',
  ];
}

function sharedMemoryBytes(): number {
  try {
    const { bsize, blocks } = statfsSync('/dev/shm');
    return bsize * blocks;
  } catch {
    return 0;
  }
}

function keepLastLines(stream: Readable): string[] {
  const lines: string[] = [];
  stream.setEncoding('utf8').on('data', (text: string) => {
    for (const line of text.split('\n')) if (!NOISE.test(line)) lines.push(line.trim());
    lines.splice(0, Math.max(0, lines.length - LAST_LINES));
  });
  return lines;
}

function killTree({ pid }: ChildProcess): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, 'SIGKILL');
  } catch {
    // Gone already.
  }
}

function removeProfile(profile: string): void {
  try {
    rmSync(profile, { recursive: true, force: true, maxRetries: 3 });
  } catch {
    // Removed by the next one.
  }
}

/** Of compositors that were killed. */
function removeStaleProfiles(): void {
  for (const name of readdirSync(tmpdir()).filter((name) => name.startsWith(PROFILE_PREFIX))) {
    const pid = Number.parseInt(name.slice(PROFILE_PREFIX.length), 10);
    if (!isAlive(pid)) removeProfile(join(tmpdir(), name));
  }
}
