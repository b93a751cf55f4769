// A participant in a browser tab with the official SDK, as tests see one.

import type { BrowserContext, Page } from 'playwright-core';
import { Journal, WAIT_MS } from './journal.ts';
import {
  type ConnectionView,
  EVENT_BINDING,
  type MeetingView,
  type Opening,
  type Outcome,
  type Picture,
  type SdkEvent,
  type SdkPageApi,
  type StreamKind,
  type Target,
} from './sdk-page-api.ts';

/** What the SDK threw, with the code that apps compare. */
export class SdkError extends Error {
  readonly code: number | undefined;

  constructor({ name, code, message }: NonNullable<Outcome['error']>) {
    super(message);
    this.name = name;
    this.code = code;
  }
}

export class SdkTab implements AsyncDisposable {
  readonly id: string;
  readonly events: Journal<SdkEvent>;
  readonly context: BrowserContext;
  readonly #page: Page;
  readonly #console: string[] = [];

  private constructor(id: string, context: BrowserContext, page: Page, serverLog: () => string) {
    this.id = id;
    this.context = context;
    this.#page = page;
    this.events = new Journal<SdkEvent>({
      name: `events of ${id}`,
      show: showEvent,
      context: () =>
        `Console of ${id}:\n${this.#console.slice(-10).join('\n')}\nLast lines of the server:\n${serverLog()}`,
    });
    page.on('console', (message) => {
      if (message.type() === 'error') this.#console.push(`  ${message.text()}`);
    });
    page.on('pageerror', (error) => this.#console.push(`  ${error}`));
  }

  /** Opens the page and the meeting, without joining it. */
  static async open(options: {
    id: string;
    context: BrowserContext;
    url: string;
    opening: Opening;
    serverLog: () => string;
  }): Promise<SdkTab> {
    const page = await options.context.newPage();
    const tab = new SdkTab(options.id, options.context, page, options.serverLog);
    await page.exposeFunction(EVENT_BINDING, (event: SdkEvent) => tab.events.add(event));
    await page.goto(options.url);
    await tab.#ask('open', options.opening);
    return tab;
  }

  /** Calls a method of the meeting; throws what the SDK throws, as SdkError. */
  async meeting(method: string, ...args: unknown[]): Promise<unknown> {
    return this.#call({ on: 'meeting' }, method, args);
  }

  async participant(id: string, method: string, ...args: unknown[]): Promise<unknown> {
    return this.#call({ on: 'participant', id }, method, args);
  }

  async stream(id: string, kind: StreamKind, method: string, ...args: unknown[]): Promise<unknown> {
    return this.#call({ on: 'stream', id, kind }, method, args);
  }

  async sdk(method: string, ...args: unknown[]): Promise<unknown> {
    return this.#call({ on: 'sdk' }, method, args);
  }

  async publish(topic: string, message: string, options?: object, payload?: object): Promise<unknown> {
    return this.#call({ on: 'pubSub' }, 'publish', [topic, message, options, payload]);
  }

  async subscribe(topic: string, options: Record<string, unknown> = {}): Promise<void> {
    value(await this.#ask('subscribe', topic, options));
  }

  async unsubscribe(topic: string): Promise<void> {
    value(await this.#ask('unsubscribe', topic));
  }

  async store(method: 'setValue' | 'getValue' | 'stopObserving', ...args: unknown[]): Promise<unknown> {
    return this.#call({ on: 'realtimeStore' }, method, args);
  }

  /** Answers the id of the observer. */
  async observe(key: string): Promise<string> {
    return value(await this.#ask('observe', key)) as string;
  }

  /** Calls a function that came with an event, such as `allow` of an entry request. */
  async answer(event: SdkEvent, method: string): Promise<void> {
    value(await this.#ask('answer', event.number, method));
  }

  /** Joins and waits until the meeting is joined. */
  async join(): Promise<void> {
    const from = this.events.mark();
    await this.meeting('join');
    await this.event('meeting-joined', { from });
  }

  async leave(): Promise<void> {
    const from = this.events.mark();
    await this.meeting('leave');
    await this.event('meeting-left', { from });
  }

  /** The first event of this name that fits, which may have happened already. */
  event(
    name: string,
    options: {
      /** Participant, topic or key it is about. */
      of?: string;
      where?: (event: SdkEvent) => boolean;
      from?: number;
      timeoutMs?: number;
    } = {},
  ): Promise<SdkEvent> {
    const { of, where = () => true, ...wait } = options;
    const fits = (event: SdkEvent) => event.name === name && (of === undefined || event.of === of) && where(event);
    return this.events.waitFor(`${this.id} gets ${name}${of ? ` of ${of}` : ''}`, fits, wait);
  }

  /** All events so far of these names. */
  eventsSoFar(...names: string[]): SdkEvent[] {
    return this.events.filter((event) => names.includes(event.name));
  }

  view(): Promise<MeetingView> {
    return this.#ask('view');
  }

  /** Waits until so many further frames of somebody were shown, of a width where one is given. */
  sees(
    id: string,
    options: { kind?: 'video' | 'share'; frames?: number; width?: number; timeoutMs?: number } = {},
  ): Promise<Picture> {
    const { kind = 'video', frames = 10, width, timeoutMs } = options;
    const what = `${this.id} sees ${frames} frames of ${id} (${kind}${width ? `, ${width} wide` : ''})`;
    return this.#bounded(what, this.#ask('awaitFrames', { id, kind, frames, width }), timeoutMs);
  }

  /** Waits until something of somebody was heard, above a level of energy heard before. */
  hears(
    id: string,
    options: { kind?: 'audio' | 'shareAudio'; above?: number; timeoutMs?: number } = {},
  ): Promise<number> {
    const { kind = 'audio', above = 0, timeoutMs } = options;
    return this.#bounded(`${this.id} hears ${id} (${kind})`, this.#ask('awaitSound', id, kind, above), timeoutMs);
  }

  picture(id: string, kind: 'video' | 'share' = 'video'): Promise<Picture> {
    return this.#ask('picture', id, kind);
  }

  connections(): Promise<ConnectionView[]> {
    return this.#ask('connections');
  }

  /** Milliseconds from the call of `join()` to the first frame of anybody else; waits for that frame. */
  async joinToFirstFrameMs(other: string): Promise<number> {
    await this.sees(other, { frames: 1 });
    const { joinCalled, firstFrame } = await this.#ask('timings');
    return Number(firstFrame) - Number(joinCalled);
  }

  /** Closes the tab without a word, as people do. */
  async close(): Promise<void> {
    this.events.close('the tab was closed');
    await this.context.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #call(target: Target, method: string, args: unknown[]): Promise<unknown> {
    return value(await this.#bounded(`${this.id}: ${method}`, this.#ask('call', target, method, args)));
  }

  #ask<N extends keyof SdkPageApi>(
    name: N,
    ...args: Parameters<SdkPageApi[N]>
  ): Promise<Awaited<ReturnType<SdkPageApi[N]>>> {
    const call = ([method, values]: [string, unknown[]]): unknown =>
      // biome-ignore lint/suspicious/noExplicitAny: runs in the page, where this global is
      (globalThis as any).sdkPage[method](...values);
    return this.#page.evaluate(call, [name, args] as [string, unknown[]]) as Promise<
      Awaited<ReturnType<SdkPageApi[N]>>
    >;
  }

  async #bounded<T>(what: string, work: Promise<T>, timeoutMs = WAIT_MS): Promise<T> {
    const late = Promise.withResolvers<never>();
    const timer = setTimeout(() => {
      // The journal knows how to tell what was going on.
      late.reject(this.events.failure(what, `not within ${timeoutMs} ms`));
    }, timeoutMs);
    work.catch(() => undefined);
    try {
      return await Promise.race([work, late.promise]);
    } finally {
      clearTimeout(timer);
    }
  }
}

function value({ value: answered, error }: Outcome): unknown {
  if (error) throw new SdkError(error);
  return answered;
}

function showEvent({ at, name, of, data }: SdkEvent): string {
  const text = `${new Date(at).toISOString().slice(11, 23)} ${name} ${of} ${JSON.stringify(data)}`;
  return text.length > 300 ? `${text.slice(0, 300)}…` : text;
}
