// One tab of the browser: where it goes, what it runs, and what goes wrong in it.
import { Type } from 'typebox';
import { clip } from '../../../kit/text.ts';
import { fits } from '../../../kit/validate.ts';
import type { DevTools, DevToolsEvent } from './devtools.ts';

export interface TabOptions {
  /** Its renderer is gone. */
  onCrashed(): void;
  /** Its scripts failed or complained. */
  onProblem(text: string): void;
}

/** A page that takes longer than this to load is filmed as far as it has come, if it has come anywhere. */
const LOAD_TIMEOUT_MS = 12_000;
const MAX_PROBLEM_LENGTH = 500;

export class Tab {
  readonly #devTools: DevTools;
  readonly #sessionId: string;
  readonly #windowId: unknown;
  readonly #options: TabOptions;

  private constructor(devTools: DevTools, sessionId: string, windowId: unknown, options: TabOptions) {
    this.#devTools = devTools;
    this.#sessionId = sessionId;
    this.#windowId = windowId;
    this.#options = options;
    devTools.on('event', (event) => this.#take(event));
  }

  /** An empty tab in a window of its own, since a tab behind another is not drawn. */
  static async open(devTools: DevTools, options: TabOptions): Promise<Tab> {
    const { targetId } = await devTools.send('Target.createTarget', { url: 'about:blank', newWindow: true });
    const { sessionId } = await devTools.send('Target.attachToTarget', { targetId, flatten: true });
    const { windowId } = await devTools.send('Browser.getWindowForTarget', { targetId });
    const tab = new Tab(devTools, String(sessionId), windowId, options);
    for (const domain of ['Page', 'Network', 'Runtime', 'Inspector']) await tab.#send(`${domain}.enable`);
    return tab;
  }

  /** Makes what is seen of the page so large; the window has bars beside it, more of them once it is filmed. */
  async resize(width: number, height: number): Promise<void> {
    const beside = await this.run('[outerWidth - innerWidth, outerHeight - innerHeight]');
    const [right, bottom] = fits(Type.Tuple([Type.Number(), Type.Number()]), beside) ? beside : [0, 0];
    await this.#devTools.send('Browser.setWindowBounds', {
      windowId: this.#windowId,
      bounds: { width: width + right, height: height + bottom },
    });
    // A window is never narrower than its bars; the page is, then.
    await this.#send('Emulation.setDeviceMetricsOverride', { width, height, deviceScaleFactor: 1, mobile: false });
  }

  /** Loads a page; rejects when there is none, or none that is good. */
  async navigate(url: string): Promise<void> {
    const { promise: loaded, resolve, reject } = Promise.withResolvers<void>();
    let isParsed = false;
    let status = 200;
    const listener = ({ sessionId, method, params }: DevToolsEvent) => {
      if (sessionId !== this.#sessionId) return;
      if (method === 'Network.responseReceived' && params.type === 'Document') status = statusOf(params) ?? status;
      if (method === 'Page.domContentEventFired') isParsed = true;
      if (method === 'Page.loadEventFired') resolve();
      if (method === 'Inspector.targetCrashed') reject(new Error('it crashed while it was loaded'));
    };
    this.#devTools.on('event', listener);
    const timer = setTimeout(() => {
      if (isParsed) resolve();
      else reject(new Error(`it did not load within ${LOAD_TIMEOUT_MS / 1000} s`));
    }, LOAD_TIMEOUT_MS);
    try {
      // Answered only when the first bytes of the page have come.
      const begun = this.#send('Page.navigate', { url }).then(({ errorText }) => {
        if (errorText !== undefined) throw new Error(`it could not be loaded (${String(errorText)})`);
      });
      await Promise.all([begun, loaded]);
      if (status >= 400) throw new Error(`it answered with status ${status}`);
      // From here on it would repeat all that the page sends and receives.
      await this.#send('Network.disable');
    } finally {
      clearTimeout(timer);
      this.#devTools.off('event', listener);
    }
  }

  /** Runs a script and returns what it resolves to; `asUser` as if a user had clicked, which a page could profit from. */
  async run(expression: string, { asUser = false } = {}): Promise<unknown> {
    const answer = await this.#send('Runtime.evaluate', {
      expression,
      awaitPromise: true,
      returnByValue: true,
      userGesture: asUser,
    });
    const { result, exceptionDetails } = answer as { result?: { value?: unknown }; exceptionDetails?: object };
    if (exceptionDetails) throw new Error(problemOf(exceptionDetails));
    return result?.value;
  }

  /** Resolves when what is loaded has been drawn. */
  async drawn(): Promise<void> {
    await this.run('new Promise((drawn) => requestAnimationFrame(() => requestAnimationFrame(() => drawn())))');
  }

  #take({ sessionId, method, params }: DevToolsEvent): void {
    if (sessionId !== this.#sessionId) return;
    if (method === 'Inspector.targetCrashed') this.#options.onCrashed();
    if (method === 'Runtime.exceptionThrown') this.#options.onProblem(problemOf(params.exceptionDetails));
    // A dialog would stop the page until somebody clicks.
    if (method === 'Page.javascriptDialogOpening') {
      this.#send('Page.handleJavaScriptDialog', { accept: true }).catch(() => undefined);
    }
  }

  #send(method: string, params: object = {}): Promise<Record<string, unknown>> {
    return this.#devTools.send(method, params, this.#sessionId);
  }
}

function statusOf({ response }: Record<string, unknown>): number | undefined {
  const { status } = (response ?? {}) as { status?: unknown };
  return typeof status === 'number' ? status : undefined;
}

function problemOf(details: unknown): string {
  const { text, exception } = (details ?? {}) as { text?: string; exception?: { description?: string } };
  return clip(exception?.description ?? text ?? 'unknown', MAX_PROBLEM_LENGTH);
}
