// The scene of a page: a browser shows it, and what it shows and plays is what is recorded.
import { randomBytes } from 'node:crypto';
import { AV_PIX_FMT_NV12 } from 'node-av/constants';
import { portOf } from '../../../kit/addresses.ts';
import { createOutbound, type Outbound } from '../../../kit/outbound/outbound.ts';
import { FRAME_RATE } from '../../../protocol/composition.ts';
import type { PageSpec } from '../../ipc.ts';
import { type ColourMatrix, hex, toYuv } from '../picture/colour.ts';
import { Scaler } from '../picture/scaler.ts';
import type { Painted } from '../picture/sheet.ts';
import { Sheet } from '../picture/sheet.ts';
import type { Scene, SceneEvents, Stage } from '../scene.ts';
import { Browser } from './browser.ts';
import { Camera, type FilmedPicture } from './camera.ts';
import { GuardProxy } from './guard-proxy.ts';
import { PageSound } from './page-sound.ts';
import { Tab } from './tab.ts';

export interface PageSceneOptions extends PageSpec {
  /** Of the window, in pixels. */
  size: { width: number; height: number };
  outboundAllow: readonly string[];
}

/** A second of pictures; more of them wait only when the machine stands still. */
const MAX_WAITING_PICTURES = 30;
/** A page that fails in each frame fills no log. */
const MAX_PROBLEMS_TOLD = 20;
/** From drawing a page to its picture it takes a few milliseconds where the machine has time for it. */
const NEXT_PICTURE_MS = 300;
const FIRST_PICTURE_MS = 3_000;
/** Its chroma differs most between the two ways of storing colours. */
const GREEN = '#00ff00';
const GREEN_SEEN = 80;
const BROKEN_CAMERA = 'the page could not be filmed';

/** The page itself is at fault. */
export class BadPage extends Error {
  override readonly name = 'BadPage';
}

export class PageScene implements Scene {
  readonly #stage: Stage;
  readonly #options: PageSceneOptions;
  readonly #events: SceneEvents;
  readonly #sound: PageSound;
  readonly #sheets: Sheet[];
  readonly #scaler = new Scaler();
  #waiting: FilmedPicture[] = [];
  #newest: FilmedPicture | undefined;
  #onPicture: ((picture: FilmedPicture) => void) | undefined;
  #picture: FilmedPicture | undefined;
  #painted: FilmedPicture | undefined;
  #matrix: ColourMatrix = 'bt601';
  #pictures = 0;
  #problems = 0;
  /** To be undone in reverse. */
  readonly #undo: (() => Promise<void> | void)[] = [];

  private constructor(stage: Stage, options: PageSceneOptions, events: SceneEvents) {
    this.#stage = stage;
    this.#options = options;
    this.#events = events;
    this.#sound = new PageSound(stage);
    this.#sheets = stage.size ? Sheet.set(stage.size) : [];
  }

  /** Resolves when the page has been loaded and is being filmed; rejects when it cannot be. */
  static async open(stage: Stage, options: PageSceneOptions, events: SceneEvents): Promise<PageScene> {
    const scene = new PageScene(stage, options, events);
    try {
      await scene.#begin();
      return scene;
    } catch (error) {
      await scene.close();
      throw error;
    }
  }

  get matrix(): ColourMatrix {
    return this.#matrix;
  }

  poll(): void {}

  advanceTo(timeMs: number, position: number): void {
    for (let next = this.#waiting[0]; next && next.capturedAtMs <= timeMs; next = this.#waiting[0]) {
      this.#picture = next;
      this.#waiting.shift();
    }
    this.#sound.flushBefore(position);
  }

  paint(): Painted | undefined {
    const sheet = this.#sheets.find(({ isFree }) => isFree);
    if (!sheet) return undefined;
    const { canvas } = sheet;
    const picture = this.#picture;
    // Each canvas is painted whole: which of the last pictures it holds is not worth remembering.
    if (picture) this.#scaler.draw(picture, 0, canvas, { x: 0, y: 0, ...canvas }, 'contain');
    const isNew = picture !== this.#painted;
    this.#painted = picture;
    return sheet.painted(isNew);
  }

  facts(): Record<string, unknown> {
    return { pictures: this.#pictures, waiting: this.#waiting.length, problems: this.#problems };
  }

  async close(): Promise<void> {
    for (const step of this.#undo.splice(0).reverse()) await step();
    this.#sound.close();
    this.#scaler.close();
    for (const { canvas } of this.#sheets) canvas.close();
    this.#sheets.length = 0;
  }

  async #begin(): Promise<void> {
    const { size, url } = this.#options;
    const outbound = createOutbound({ allow: this.#options.outboundAllow });
    this.#undo.push(() => outbound.close());
    const refusals = new Map<string, string>();
    const proxy = await this.#openProxy(outbound, refusals);
    const camera = await this.#openCamera();
    const titleOfFilmed = `filmed-${randomBytes(8).toString('hex')}`;
    const browser = await this.#launch({ proxyPort: proxy.port, directHost: camera.host, titleOfFilmed });
    const filmed = await Tab.open(browser.devTools, {
      onCrashed: () => this.#events.onBroken('the page crashed', 'destination'),
      onProblem: (text) => this.#tellProblem(text),
    });
    await filmed.run(`document.title = ${JSON.stringify(titleOfFilmed)}`);
    await this.#film(browser, camera);
    await filmed.resize(size.width, size.height);
    if (this.#stage.size) this.#matrix = await this.#findMatrix(filmed);
    await filmed.navigate(url).catch((error: Error) => {
      const reason = refusals.get(hostOf(url)) ?? error.message;
      throw new BadPage(`the template page cannot be filmed: ${reason}`);
    });
    await filmed.drawn();
    if (this.#stage.size) await this.#firstPicture();
  }

  /** What the browser says of its pictures' colours is not always true of them, so it is shown a colour to film. */
  async #findMatrix(tab: Tab): Promise<ColourMatrix> {
    await tab.run(`document.body.style.background = '${GREEN}'`);
    const isGreen = (picture: FilmedPicture) => chromaOf(picture) < GREEN_SEEN;
    await this.#awaitPicture(isGreen, FIRST_PICTURE_MS);
    const [bt601, bt709] = (['bt601', 'bt709'] as const).map((matrix) => toYuv(hex(GREEN), matrix).u);
    const seen = this.#newest ? chromaOf(this.#newest) : 0;
    return Math.abs(seen - Number(bt709)) < Math.abs(seen - Number(bt601)) ? 'bt709' : 'bt601';
  }

  /** What was filmed until now shows a page that was being loaded; a page that stands still is not filmed again. */
  async #firstPicture(): Promise<void> {
    await this.#awaitPicture(() => true, this.#newest ? NEXT_PICTURE_MS : FIRST_PICTURE_MS);
    if (!this.#newest) throw new BadPage('the template page cannot be filmed: it shows nothing');
    this.#picture = this.#newest;
    this.#waiting = [];
  }

  /** Resolves with the next picture that fits, or when it has not come in time. */
  async #awaitPicture(fits: (picture: FilmedPicture) => boolean, timeoutMs: number): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#onPicture = (picture) => {
      if (fits(picture)) resolve();
    };
    const patience = setTimeout(resolve, timeoutMs);
    await promise;
    clearTimeout(patience);
    this.#onPicture = undefined;
  }

  async #openProxy(outbound: Outbound, refusals: Map<string, string>): Promise<GuardProxy> {
    const proxy = await GuardProxy.listen({
      outbound,
      ownHosts: this.#options.ownHosts,
      onRefused: (host, reason) => {
        if (!refusals.has(host)) this.#events.log('info', 'page was refused a connection', { host, reason });
        refusals.set(host, reason);
      },
    });
    this.#undo.push(() => proxy.close());
    return proxy;
  }

  async #openCamera(): Promise<Camera> {
    const camera = await Camera.open({
      nowMs: this.#stage.nowMs,
      onPicture: (picture) => this.#take(picture),
      onSound: (sound) => this.#sound.add(sound),
    });
    this.#undo.push(() => camera.close());
    return camera;
  }

  async #launch(addresses: { proxyPort: number; directHost: string; titleOfFilmed: string }): Promise<Browser> {
    const { browser: program, certificates, size, sandboxed, bounds } = this.#options;
    const browser = await Browser.launch({
      ...addresses,
      program,
      certificates,
      size,
      sandboxed,
      bounds,
      onGone: (reason, blame) => this.#events.onBroken(reason, blame),
    });
    this.#undo.push(() => browser.close());
    return browser;
  }

  /** Begins before the page is loaded: a browser finds the tab by its title, which belongs to the page afterwards. */
  async #film(browser: Browser, camera: Camera): Promise<void> {
    const { width, height } = this.#options.size;
    const tab = await Tab.open(browser.devTools, {
      onCrashed: () => this.#events.onBroken(BROKEN_CAMERA, 'us'),
      onProblem: (text) => this.#events.log('warn', BROKEN_CAMERA, { reason: text }),
    });
    await tab.navigate(camera.url);
    const hasSound = await tab.run(`film(${width}, ${height}, ${FRAME_RATE})`, { asUser: true });
    if (!hasSound) this.#events.log('warn', 'the page is filmed without its sound', {});
  }

  #take(picture: FilmedPicture): void {
    this.#pictures += 1;
    this.#waiting.push(picture);
    if (this.#waiting.length > MAX_WAITING_PICTURES) this.#waiting.shift();
    this.#newest = picture;
    this.#onPicture?.(picture);
  }

  #tellProblem(text: string): void {
    this.#problems += 1;
    if (this.#problems <= MAX_PROBLEMS_TOLD) this.#events.log('warn', 'script of the page failed', { reason: text });
  }
}

/** The first chroma value in the middle of a picture. */
function chromaOf({ planes, strides, width, height, format }: FilmedPicture): number {
  const isInterleaved = format === AV_PIX_FMT_NV12;
  const column = Math.floor(width / 4) * (isInterleaved ? 2 : 1);
  return planes[1]?.[Math.floor(height / 4) * (strides[1] ?? 0) + column] ?? 0;
}

function hostOf(url: string): string {
  const parsed = new URL(url);
  return `${parsed.hostname}:${portOf(parsed)}`;
}
