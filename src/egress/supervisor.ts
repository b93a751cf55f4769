// One child process that composes and encodes: launched, listened to, told to end, and made to.
import { type ChildProcess, fork } from 'node:child_process';
import { EventEmitter } from 'node:events';
import { childEnvironment } from '../kit/child-process.ts';
import { clip } from '../kit/text.ts';
import { fits } from '../kit/validate.ts';
import type { Logger } from '../log.ts';
import { FromChild, type ToChild } from './ipc.ts';

interface ChildEvents {
  message: [FromChild];
  /** Emitted once, when the process is gone; `reason` is the best explanation there is. */
  gone: [{ expected: boolean; reason: string; blame: 'destination' | 'us' }];
}

export interface ChildOptions {
  /** The child's program. */
  program: string;
  log: Logger;
  readyTimeoutMs?: number | undefined;
  finishTimeoutMs?: number;
  silenceTimeoutMs?: number;
}

/** Starting Node and opening the encoder take about a second where the machine has time for it. */
const READY_TIMEOUT_MS = 20_000;
/** What is buffered is encoded and the file made seekable: longer than the child itself takes patience for. */
const FINISH_TIMEOUT_MS = 130_000;
/** It reports every 5 s: one that has begun to and stops hangs. */
const SILENCE_TIMEOUT_MS = 30_000;
/** Messages that it has not taken yet; one that hangs takes none. */
const MAX_WAITING_MESSAGES = 2_000;
/** As much of what FFmpeg wrote before a failure as anybody wants to read. */
const LAST_LINES = 20;
const MAX_LINE_LENGTH = 500;
/** Lines of Node's own report of a crash that explain nothing. */
const NOISE = /^(at |Node\.js v|[{}^~]*$)/;

export class EgressChild extends EventEmitter<ChildEvents> {
  readonly pid: number | undefined;
  /** Resolves when it is ready, with the UDP port of the loopback that it takes RTP on, if it takes any. */
  readonly ready: Promise<number | undefined>;
  readonly #process: ChildProcess;
  readonly #options: ChildOptions;
  readonly #lastLines: string[] = [];
  #fatal: { reason: string; blame: 'destination' | 'us' } | undefined;
  /** Why we ended it ourselves. */
  #whyKilled: string | undefined;
  #finishing = false;
  #finishTimer: NodeJS.Timeout | undefined;
  #silenceTimer: NodeJS.Timeout | undefined;
  #waitingMessages = 0;
  #gone = false;

  private constructor(process: ChildProcess, options: ChildOptions, start: ToChild & { type: 'start' }) {
    super();
    this.#process = process;
    this.#options = options;
    this.pid = process.pid;
    this.ready = this.#waitUntilReady();
    // Whoever launches waits for it; a child that ends later must not end us.
    this.ready.catch(() => undefined);
    process.on('message', (message) => this.#take(message));
    process.on('error', (error) => this.#keepLine(error.message));
    process.once('close', (code, signal) => this.#ended(code, signal));
    for (const output of [process.stderr, process.stdout]) {
      // That it is gone is told by `close`.
      output?.on('error', () => undefined);
      output?.setEncoding('utf8').on('data', (text: string) => this.#keepText(text));
    }
    this.send(start);
  }

  /** Starts a child; `ready` tells when it can be used. */
  static launch(options: ChildOptions, start: ToChild & { type: 'start' }): EgressChild {
    const child = fork(options.program, [], {
      // A Ctrl-C in the terminal is for the server: it tells its children to finish, so they are a group of their own.
      detached: true,
      execArgv: [],
      env: childEnvironment(),
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
      serialization: 'json',
    });
    return new EgressChild(child, options, start);
  }

  send(message: ToChild): void {
    if (this.#gone || !this.#process.connected) return;
    if (this.#waitingMessages >= MAX_WAITING_MESSAGES) {
      this.#killBecause('it took no more messages');
      return;
    }
    this.#waitingMessages += 1;
    this.#process.send(message, (error) => {
      this.#waitingMessages -= 1;
      if (error) this.#options.log.debug({ err: error, type: message.type }, 'message did not reach the egress child');
    });
  }

  /** Lets it finish what it writes; one that takes too long is ended. */
  finish(): void {
    if (this.#finishing || this.#gone) return;
    this.#finishing = true;
    this.send({ type: 'stop' });
    this.#finishTimer = setTimeout(() => {
      this.#keepLine('It did not finish in time.');
      this.kill();
    }, this.#options.finishTimeoutMs ?? FINISH_TIMEOUT_MS);
  }

  /** Ends it now. */
  kill(): void {
    if (!this.#gone) this.#process.kill('SIGKILL');
  }

  #killBecause(why: string): void {
    this.#whyKilled ??= why;
    this.kill();
  }

  /** The last thing it wrote, for whoever has to explain a failure. */
  get lastWords(): string {
    return this.#fatal?.reason ?? this.#lastLines.findLast((line) => !NOISE.test(line)) ?? '';
  }

  get lastLines(): readonly string[] {
    return this.#lastLines;
  }

  #waitUntilReady(): Promise<number | undefined> {
    return new Promise((resolve, reject) => {
      const patienceMs = this.#options.readyTimeoutMs ?? READY_TIMEOUT_MS;
      const timeout = setTimeout(() => {
        this.#killBecause(`it was not ready after ${patienceMs / 1000} s; the machine may have too much to do`);
      }, patienceMs);
      this.on('message', (message) => {
        if (message.type !== 'ready') return;
        clearTimeout(timeout);
        resolve(message.port);
      });
      this.once('gone', ({ reason }) => {
        clearTimeout(timeout);
        reject(new Error(reason));
      });
    });
  }

  #take(message: unknown): void {
    if (!fits(FromChild, message)) {
      this.#options.log.error({ message }, 'invalid message from compositor');
      this.#killBecause('it sent an invalid message');
      return;
    }
    if (message.type === 'stats') this.#expectMore();
    if (message.type === 'log') {
      this.#options.log[message.level]({ facts: message.facts }, message.msg);
      return;
    }
    if (message.type === 'fatal') this.#fatal = message;
    try {
      this.emit('message', message);
    } catch (error) {
      // What one compositor says may end it, and not the server.
      this.#options.log.error({ err: error, type: message.type }, 'message from compositor could not be handled');
      this.#killBecause('its message could not be handled');
    }
  }

  #expectMore(): void {
    const timeoutMs = this.#options.silenceTimeoutMs ?? SILENCE_TIMEOUT_MS;
    clearTimeout(this.#silenceTimer);
    this.#silenceTimer = setTimeout(() => this.#killBecause(`it hung for ${timeoutMs / 1000} s`), timeoutMs);
  }

  #ended(code: number | null, signal: NodeJS.Signals | null): void {
    if (this.#gone) return;
    this.#gone = true;
    clearTimeout(this.#finishTimer);
    clearTimeout(this.#silenceTimer);
    const how = this.#whyKilled ?? (signal ? `it was ended by ${signal}` : `it ended with code ${code}`);
    const words = this.lastWords;
    const expected = this.#finishing && code === 0;
    if (!expected) {
      this.#options.log.warn({ code, signal, lastLines: this.#lastLines }, 'egress child ended unexpectedly');
    }
    const reason = this.#fatal?.reason ?? `the compositor is gone: ${how}${words && `; ${words}`}`;
    this.emit('gone', { expected, reason, blame: this.#fatal?.blame ?? 'us' });
    this.removeAllListeners();
  }

  /** True when it has said itself that nothing can be produced any more. */
  get isFatal(): boolean {
    return this.#fatal !== undefined;
  }

  #keepText(text: string): void {
    for (const line of text.split('\n')) if (line.trim()) this.#keepLine(line.trim());
  }

  #keepLine(line: string): void {
    this.#lastLines.push(clip(line, MAX_LINE_LENGTH));
    if (this.#lastLines.length > LAST_LINES) this.#lastLines.shift();
  }
}
