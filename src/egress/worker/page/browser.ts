// The Chromium that a page is filmed in: a process of its own with a fresh profile, as a user without rights, in its
// sandbox, with bounds, that can reach nothing but through the proxy.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { setPriority } from 'node:os';
import type { Readable, Writable } from 'node:stream';
import { childEnvironment, unprivilegedUser } from '../../../kit/child-process.ts';
import type { PageBounds } from '../../ipc.ts';
import type { Blame } from '../sinks/sink.ts';
import { type BrowserFlags, browserFlags } from './browser-flags.ts';
import { DevTools, MAX_MESSAGE_BYTES } from './devtools.ts';
import { usageOfTree } from './process-tree.ts';
import { makeProfile, profileBytes, removeProfile, removeStaleProfiles } from './profile.ts';

export interface BrowserOptions extends Omit<BrowserFlags, 'profile'> {
  /** Path of a Chromium or Chrome. */
  program: string;
  /** What the page may use; more of it ends the browser. */
  bounds: PageBounds;
  /** Called once when it has ended although nobody closed it. */
  onGone(reason: string, blame: Blame): void;
}

const START_TIMEOUT_MS = 10_000;
const LAST_LINES = 5;
/** What the browser says on machines without a desktop, which explains nothing. */
const NOISE = /dbus|gcm|GpuControl|vaapi|Fontconfig|DevTools listening|^\s*$/i;
const NO_SANDBOX = /sandbox|namespace/i;
/** Meetings come first where the machine has not enough for all. */
const NICENESS = 10;
const LOOK_MS = 1_000;
const MIB = 1024 ** 2;

export class Browser {
  readonly devTools: DevTools;
  readonly #process: ChildProcess;
  readonly #profile: string;
  readonly #bounds: PageBounds;
  readonly #watch: NodeJS.Timeout;
  #isLooking = false;
  #reason: string | undefined;
  #closed = false;

  private constructor({ child, devTools, profile }: Started, options: BrowserOptions) {
    this.#process = child;
    this.devTools = devTools;
    this.#profile = profile;
    this.#bounds = options.bounds;
    this.#watch = setInterval(() => {
      this.#look().catch((error: Error) => this.#end(`the page could not be watched: ${error.message}`));
    }, LOOK_MS);
    devTools.once('overflow', () => this.#end(`the page reported more than ${mib(MAX_MESSAGE_BYTES)} at once`));
    process.once('exit', this.#leaveNothing);
    child.once('exit', (code, signal) => {
      clearInterval(this.#watch);
      removeProfile(profile);
      const reason = this.#reason ?? `the browser ended by itself (${signal ?? `code ${code}`})`;
      devTools.close(reason);
      if (!this.#closed) options.onGone(reason, this.#reason === undefined ? 'us' : 'destination');
    });
  }

  /** A compositor that fails ends at once and closes nothing. */
  readonly #leaveNothing = () => {
    killTree(this.#process);
    removeProfile(this.#profile);
  };

  /** Rejects with what it said when it does not start. */
  static async launch(options: BrowserOptions): Promise<Browser> {
    removeStaleProfiles();
    return new Browser(await start(options), options);
  }

  /** Ends it and removes its profile. */
  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    clearInterval(this.#watch);
    process.removeListener('exit', this.#leaveNothing);
    const gone = once(this.#process, 'exit');
    if (this.#process.exitCode === null && this.#process.signalCode === null) {
      killTree(this.#process);
      await gone;
    }
    removeProfile(this.#profile);
  }

  /** One look at a time: a page with many files makes it long. */
  async #look(): Promise<void> {
    if (this.#isLooking || this.#process.pid === undefined) return;
    this.#isLooking = true;
    const usage = { ...usageOfTree(this.#process.pid), diskBytes: await profileBytes(this.#profile) };
    this.#isLooking = false;
    const reason = crossed(usage, this.#bounds);
    if (reason !== undefined) this.#end(reason);
  }

  #end(reason: string): void {
    if (this.#closed) return;
    this.#reason ??= reason;
    killTree(this.#process);
  }
}

function mib(bytes: number): string {
  return `${Math.round(bytes / MIB)} MiB`;
}

function crossed(usage: PageBounds, bounds: PageBounds): string | undefined {
  if (usage.memoryBytes > bounds.memoryBytes) return `the page used more than ${mib(bounds.memoryBytes)} of memory`;
  if (usage.diskBytes > bounds.diskBytes) return `the page stored more than ${mib(bounds.diskBytes)}`;
  if (usage.threads > bounds.threads) return `the page ran more than ${bounds.threads} threads`;
  return undefined;
}

type Started = { child: ChildProcess; devTools: DevTools; profile: string };

async function start(options: BrowserOptions): Promise<Started> {
  const user = unprivilegedUser('browser');
  const profile = makeProfile(user);
  const child = spawn(options.program, browserFlags({ ...options, profile }), {
    ...user,
    // A process group of its own: it is ended as a whole, and by nobody's Ctrl-C.
    detached: true,
    cwd: profile,
    env: childEnvironment({ HOME: profile, TMPDIR: profile, LANG: 'en_US.UTF-8' }),
    stdio: ['ignore', 'ignore', 'pipe', 'pipe', 'pipe'],
  });
  giveWay(child);
  const lastLines = keepLastLines(child.stderr as Readable);
  const devTools = new DevTools(child.stdio[3] as Writable, child.stdio[4] as Readable);
  const failure = await Promise.race([
    // Its first command: a page has nobody who would open what it downloads.
    devTools.send('Browser.setDownloadBehavior', { behavior: 'deny' }).then(() => undefined, messageOf),
    // Rejects when there is no such program.
    once(child, 'exit').then(([code, signal]) => `it ended with ${signal ?? `code ${code}`}`, messageOf),
    new Promise<string>((resolve) => setTimeout(resolve, START_TIMEOUT_MS, 'it did not answer').unref()),
  ]);
  if (failure === undefined) return { child, devTools, profile };
  devTools.close(failure);
  killTree(child);
  removeProfile(profile);
  throw new Error(whyNotStarted([failure, ...lastLines].join('; '), options));
}

function messageOf(error: Error): string {
  return error.message;
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

/** What it starts is like it. */
function giveWay({ pid }: ChildProcess): void {
  if (pid === undefined) return;
  try {
    setPriority(pid, NICENESS);
  } catch {
    // Gone already, which is noticed elsewhere.
  }
}

function whyNotStarted(said: string, { sandboxed }: BrowserOptions): string {
  const reason = `the browser could not be started: ${said}`;
  if (said.includes('EACCES')) return `${reason}; it is not run as root, so others must be allowed to execute it`;
  if (!sandboxed || !NO_SANDBOX.test(said)) return reason;
  return (
    'the browser has no sandbox here, and pages of strangers are not shown without one: allow user namespaces to ' +
    `ordinary users, or install chromium-sandbox; ROOMFUL_BROWSER_SANDBOX=off does without (${said})`
  );
}
