// Kills a process while a meeting is recorded and streamed, at any moment from the start to the end, and looks at what
// became of both.
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { watch } from './film.ts';
import { RawClient } from './raw-client.ts';
import { TestServer } from './server.ts';
import { mintToken } from './test-api.ts';
import { type ReceivedEvent, WebhookReceiver } from './webhook-receiver.ts';

export type Victim = 'compositor' | 'server' | 'database';

export interface Fate {
  status: string;
  /** Events of it, in the order of their session. */
  events: string[];
  /** Seconds that can be played; nothing when there is no file. */
  seconds: number | undefined;
}

export interface Round {
  victim: Victim;
  /** Milliseconds from the start to the kill. */
  killedAfterMs: number;
  /** Seconds that a recording has to have: from `recording-started` to the kill or the stop, whichever was first. */
  dueSeconds: number;
  recording: Fate;
  hls: Fate;
}

/** What is started is stopped after this long, unless the server is dead by then. */
const STOP_AFTER_MS = 4_000;
const SETTLE_TIMEOUT_MS = 60_000;

export class KillStage implements AsyncDisposable {
  readonly #server: TestServer;
  readonly #receiver: WebhookReceiver;
  readonly #token: string;

  private constructor(server: TestServer, receiver: WebhookReceiver, token: string) {
    this.#server = server;
    this.#receiver = receiver;
    this.#token = token;
  }

  /** With a database of its own, since that is killed too. */
  static async set(): Promise<KillStage> {
    const server = await TestServer.start({ env: { ROOMFUL_MEDIA_WORKERS: '1', ROOMFUL_EGRESS_SLOTS: '8' } });
    const receiver = await WebhookReceiver.start(server);
    return new KillStage(server, receiver, await mintToken(server, { expiresInSeconds: 24 * 3600 }));
  }

  /** Records and streams in a new room, and kills `victim` so long after the start. */
  async round(victim: Victim, killAfterMs: number): Promise<Round> {
    const { roomId } = await this.#call('POST', '/v2/rooms', { webhook: { endPoint: this.#receiver.url } });
    const who = { roomId, peerId: 'ann', secret: this.#token };
    const ann = await RawClient.join(this.#server.httpUrl, who, 'SEND_AND_RECV');
    const startedAt = Date.now();
    const config = { quality: 'low' };
    const starting = Promise.allSettled([
      this.#call('POST', '/v2/recordings/start', { roomId, config }),
      this.#call('POST', '/v2/hls/start', { roomId, config }),
    ]);
    const [killedAt] = await Promise.all([
      this.#killAfter(victim, killAfterMs),
      this.#stopLater(roomId, victim, killAfterMs),
    ]);
    await starting;
    if (victim === 'server') await this.#server.restart();
    await this.#settled(roomId);
    ann.close();
    const events = await this.#eventsOf(roomId);
    const began = events.find(({ type }) => type === 'recording-started')?.receivedAt.getTime();
    const until = Math.min(killedAt ?? Infinity, startedAt + STOP_AFTER_MS);
    return {
      victim,
      killedAfterMs: (killedAt ?? startedAt) - startedAt,
      dueSeconds: began === undefined ? 0 : Math.max(0, (until - began) / 1000),
      recording: await this.#recording(roomId, events),
      hls: await this.#hls(roomId, events),
    };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#receiver[Symbol.asyncDispose]();
    await this.#server[Symbol.asyncDispose]();
  }

  /** Answers when it was killed; nothing when it did not run. */
  async #killAfter(victim: Victim, afterMs: number): Promise<number | undefined> {
    await sleep(afterMs);
    const at = Date.now();
    if (victim === 'server') {
      await this.#server.kill('SIGKILL');
      return at;
    }
    const pids = victim === 'database' ? [await this.#postgres()] : await this.#compositors();
    for (const pid of pids) process.kill(pid, 'SIGKILL');
    return pids.length > 0 ? at : undefined;
  }

  async #stopLater(roomId: string, victim: Victim, killAfterMs: number): Promise<void> {
    await sleep(STOP_AFTER_MS);
    if (victim === 'server' && killAfterMs <= STOP_AFTER_MS) return;
    // The database may be away for a moment.
    for (const path of ['/v2/recordings/end', '/v2/hls/end']) {
      for (let attempt = 0; attempt < 40; attempt++) {
        const status = await this.#status('POST', path, { roomId }).catch(() => 503);
        if (status < 500) break;
        if (victim === 'server') return;
        await sleep(250);
      }
    }
  }

  /** Until nothing of the room is under way any more. */
  async #settled(roomId: string): Promise<void> {
    for (const deadline = Date.now() + SETTLE_TIMEOUT_MS; Date.now() < deadline; await sleep(200)) {
      const lists = await Promise.all(
        ['recordings', 'hls'].map((kind) => this.#call('GET', `/v2/${kind}?roomId=${roomId}`).catch(() => undefined)),
      );
      const isOver = (list: { data?: { status: string }[] } | undefined) =>
        list?.data?.every(({ status }) => ['completed', 'failed', 'aborted'].includes(status)) ?? false;
      if (lists.every(isOver)) return;
    }
    const stuck = await this.#call('GET', `/v2/recordings?roomId=${roomId}`);
    throw new Error(`stuck: ${JSON.stringify(stuck)}\n${this.#server.recently()}`);
  }

  async #recording(roomId: string, events: ReceivedEvent[]): Promise<Fate> {
    const [found] = (await this.#call('GET', `/v2/recordings?roomId=${roomId}`)).data;
    const own = typesOf(events, 'recording-');
    if (!found?.file) return { status: String(found?.status), events: own, seconds: undefined };
    const path = join(tmpdir(), `roomful-kill-${found.id}.mp4`);
    await writeFile(path, Buffer.from(await (await this.#fetch(found.file.fileUrl)).arrayBuffer()));
    let seconds = 0;
    const sound = watch(path, ({ time }) => {
      seconds = time;
    });
    return { status: found.status, events: own, seconds: Math.min(seconds, sound.samples.length / 48_000) };
  }

  async #hls(roomId: string, events: ReceivedEvent[]): Promise<Fate> {
    const [found] = (await this.#call('GET', `/v2/hls?roomId=${roomId}`)).data;
    const own = typesOf(events, 'hls-');
    if (found?.status !== 'completed') return { status: String(found?.status), events: own, seconds: undefined };
    const playlist = await (await this.#fetch(found.playbackHlsUrl)).text();
    if (!playlist.includes('#EXT-X-ENDLIST')) throw new Error(`a stream that never ends:\n${playlist}`);
    for (const [, name] of playlist.matchAll(/^([\w.-]+\.m4s)$/gm)) {
      const { status } = await this.#fetch(found.playbackHlsUrl.replace('index.m3u8', String(name)));
      if (status !== 200) throw new Error(`${name} is in the playlist, but answers ${status}`);
    }
    const seconds = [...playlist.matchAll(/#EXTINF:([\d.]+)/g)].reduce((sum, [, length]) => sum + Number(length), 0);
    return { status: found.status, events: own, seconds };
  }

  /** Each event once, however often it was delivered, once those of both ends have come. */
  async #eventsOf(roomId: string): Promise<ReceivedEvent[]> {
    const ofRoom = ({ data }: ReceivedEvent) => data.meetingId === roomId;
    for (const kind of ['recording', 'hls']) {
      const isAny = this.#receiver.ofRoom(roomId).some(({ type }) => type.startsWith(`${kind}-`));
      const ended = (event: ReceivedEvent) =>
        ofRoom(event) && (event.type === `${kind}-stopped` || event.type === `${kind}-failed`);
      if (isAny) await this.#receiver.events.waitFor(`the end of the ${kind}`, ended, { timeoutMs: 20_000 });
    }
    const byId = new Map(this.#receiver.ofRoom(roomId).map((event) => [event.id, event]));
    return [...byId.values()].sort((a, b) => a.sequence - b.sequence);
  }

  async #compositors(): Promise<number[]> {
    const folder = join(this.#server.dataDir, 'egress', 'children');
    const names = await readdir(folder).catch(() => []);
    const texts = await Promise.all(names.map((name) => readFile(join(folder, name), 'utf8').catch(() => '')));
    return texts.filter(Boolean).map((text) => Number.parseInt(text, 10));
  }

  async #postgres(): Promise<number> {
    const pidFile = join(this.#server.dataDir, 'postgres', 'cluster', 'postmaster.pid');
    return Number.parseInt(await readFile(pidFile, 'utf8'), 10);
  }

  /** The public address has a self-signed certificate; the other listener answers the same. */
  #fetch(url: string): Promise<Response> {
    return fetch(new URL(new URL(url).pathname, this.#server.httpUrl));
  }

  // biome-ignore lint/suspicious/noExplicitAny: answers of every shape are looked into
  async #call(method: string, path: string, body?: object): Promise<any> {
    return (await this.#request(method, path, body)).json();
  }

  async #status(method: string, path: string, body?: object): Promise<number> {
    return (await this.#request(method, path, body)).status;
  }

  #request(method: string, path: string, body?: object): Promise<Response> {
    const headers = { authorization: this.#token, 'content-type': 'application/json' };
    return fetch(`${this.#server.httpUrl}${path}`, { method, headers, ...(body && { body: JSON.stringify(body) }) });
  }
}

function typesOf(events: ReceivedEvent[], prefix: string): string[] {
  return events.map(({ type }) => type).filter((type) => type.startsWith(prefix));
}

/** What is wrong with a round, in words; empty when nothing is. */
export function problemsOf(round: Round): string[] {
  const problems: string[] = [];
  for (const [kind, fate] of Object.entries({ recording: round.recording, hls: round.hls })) {
    const count = (what: string) => fate.events.filter((type) => type === `${kind}-${what}`).length;
    // Never asked for, since the server died before the request came.
    if (fate.status === 'undefined' && fate.events.length === 0) continue;
    if (!['completed', 'failed', 'aborted'].includes(fate.status)) problems.push(`${kind} is ${fate.status}`);
    if (count('stopped') + count('failed') !== 1) problems.push(`${kind} ended ${fate.events.join(', ')}`);
    for (const once of ['starting', 'started', 'stopping']) if (count(once) > 1) problems.push(`${kind}-${once} twice`);
    if (fate.status === 'completed' && count('stopped') !== 1) problems.push(`${kind} completed without being told`);
  }
  const { seconds, status } = round.recording;
  if (round.dueSeconds > 2 && status !== 'completed')
    problems.push(`${round.dueSeconds} s recorded, and it is ${status}`);
  if (seconds !== undefined && seconds < round.dueSeconds - 2) problems.push(`${seconds} s of ${round.dueSeconds} s`);
  return problems;
}
