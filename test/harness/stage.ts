// What a journey needs around it: the program, a database of its own, a browser, and a webhook receiver.
import { VideoSDK } from '@videosdk.live/server-sdk';
import type { Browser, Page } from 'playwright-core';
import { launchBrowser } from './browser.ts';
import { CLOCK_CAMERA } from './clock-camera.ts';
import { DashboardTab } from './dashboard-tab.ts';
import { SPEAKING } from './devices.ts';
import { PageServer } from './page-server.ts';
import { PlayerTab } from './player-tab.ts';
import type { Opening } from './sdk-page-api.ts';
import { SdkTab } from './sdk-tab.ts';
import { TestServer } from './server.ts';
import { SHARED_SCREEN } from './shared-screen.ts';
import { mintToken } from './test-api.ts';
import { createTestDatabase } from './test-database.ts';
import { WebhookReceiver } from './webhook-receiver.ts';

/** Enough for a test to see, and little to encode: most journeys are not about picture quality. */
const SMALL_CAMERA = { encoderConfig: 'h180p_w320p', multiStream: false };

export interface Person {
  name?: string;
  /** Claims of the token beside the key; by default one that may join and moderate. */
  claims?: Record<string, unknown>;
  token?: string;
  /** Options of `createCameraVideoTrack`; 'own' is what the SDK chooses by itself, false a camera that is off. */
  camera?: Record<string, unknown> | 'own' | false;
  mic?: boolean;
  /** Speaks without a pause, instead of beeping about once a second. */
  speaks?: boolean;
  /** Camera and microphone are those of a clock; see `clock-camera.ts`. */
  clock?: boolean;
  /** What is shared is the screen of `shared-screen.ts`. */
  screen?: boolean;
  /** Further options of `initMeeting`. */
  options?: Record<string, unknown>;
}

export class Stage implements AsyncDisposable {
  readonly server: TestServer;
  readonly receiver: WebhookReceiver;
  /** The official server SDK, as the app's backend has it. */
  readonly backend: VideoSDK;
  readonly #browser: Browser;
  readonly #pages: PageServer;
  readonly #cleanUp: AsyncDisposableStack;

  private constructor(parts: {
    server: TestServer;
    receiver: WebhookReceiver;
    browser: Browser;
    pages: PageServer;
    cleanUp: AsyncDisposableStack;
  }) {
    this.server = parts.server;
    this.receiver = parts.receiver;
    this.#browser = parts.browser;
    this.#pages = parts.pages;
    this.#cleanUp = parts.cleanUp;
    const { apiKey, secret, httpUrl } = parts.server;
    this.backend = new VideoSDK({ apiKey, secret, apiEndpoint: httpUrl });
  }

  /** `database: 'embedded'` is what the program does by itself; a database on the tests' PostgreSQL is there sooner. */
  static async set(options: { env?: Record<string, string>; database?: 'shared' | 'embedded' } = {}): Promise<Stage> {
    await using building = new AsyncDisposableStack();
    const database = options.database === 'embedded' ? undefined : building.use(await createTestDatabase());
    const env = { ROOMFUL_MEDIA_WORKERS: '1', ...(database && { DATABASE_URL: database.url }), ...options.env };
    const server = building.use(await TestServer.start({ env }));
    const receiver = building.use(await WebhookReceiver.start(server));
    const pages = building.use(await PageServer.start());
    const browser = building.adopt(await launchBrowser(), (it) => it.close());
    return new Stage({ server, receiver, browser, pages, cleanUp: building.move() });
  }

  /** A new room that tells the receiver everything. */
  async room(body: Record<string, unknown> = {}): Promise<string> {
    const { roomId } = await this.backend.rooms.create({ webhook: { url: this.receiver.url, events: ['*'] }, ...body });
    return roomId;
  }

  /** The address of a template page that joins with the official SDK. */
  templateUrl(parameters: Record<string, string> = {}): string {
    return `${this.#pages.url('template')}?${new URLSearchParams({ signalingBaseUrl: this.server.base, ...parameters })}`;
  }

  token(claims: Record<string, unknown> = {}, key: { apiKey: string; secret: string } = this.server): Promise<string> {
    return mintToken(key, claims);
  }

  /** Opens a tab for somebody who is about to join. */
  async open(roomId: string, id: string, person: Person = {}): Promise<SdkTab> {
    const context = await this.#browser.newContext();
    if (person.speaks) await context.addInitScript(SPEAKING);
    if (person.clock) await context.addInitScript(CLOCK_CAMERA);
    if (person.screen) await context.addInitScript(SHARED_SCREEN);
    return SdkTab.open({
      id,
      context,
      url: this.#pages.url('main'),
      serverLog: () => this.server.recently(),
      opening: await this.#opening(roomId, id, person),
    });
  }

  /** Opens a tab for somebody who watches a stream. */
  watch(): Promise<PlayerTab> {
    return PlayerTab.open(this.#browser, this.#pages.url('player'));
  }

  /** Opens an app made with the official React SDK, which joins by itself. */
  async openReactApp(roomId: string, id: string, person: Person = {}): Promise<Page> {
    const context = await this.#browser.newContext();
    const page = await context.newPage();
    const opening = JSON.stringify(await this.#opening(roomId, id, person));
    await page.goto(`${this.#pages.url('react-app')}#${encodeURIComponent(opening)}`);
    return page;
  }

  /** Opens a tab and joins. */
  async enter(roomId: string, id: string, person: Person = {}): Promise<SdkTab> {
    const tab = await this.open(roomId, id, person);
    await tab.join();
    return tab;
  }

  /** The dashboard, with the operator signed in. */
  async openDashboard(): Promise<DashboardTab> {
    const tab = await DashboardTab.open(this.#browser, this.server);
    await tab.signIn();
    await tab.heading('Overview').waitFor();
    return tab;
  }

  async #opening(roomId: string, id: string, person: Person): Promise<Opening> {
    const { name = `Name of ${id}`, camera = SMALL_CAMERA, mic = true, claims = {}, options = {} } = person;
    return {
      token: person.token ?? (await this.token(claims)),
      camera: typeof camera === 'object' ? camera : undefined,
      meeting: {
        meetingId: roomId,
        participantId: id,
        name,
        micEnabled: mic,
        webcamEnabled: camera !== false,
        signalingBaseUrl: this.server.base,
        ...options,
      },
    };
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#cleanUp.disposeAsync();
  }
}
