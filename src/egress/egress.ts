// The front door of egress: what callers of the REST API and people in a meeting may do with recordings, HLS streams
// and livestreams, and what auto-start and other nodes ask for.

import { egressNotEnded, egressNotRunning, noLiveSession, notFound, wrongRoomForToken } from '../errors.ts';
import type { EgressJob } from '../jobs/job.ts';
import { inBackground } from '../kit/in-background.ts';
import type { EgressKind, Egress as Output, WebhookSummary } from '../protocol/egress.ts';
import type { Paging } from '../protocol/rest/common.ts';
import type { Notification } from '../protocol/signaling.ts';
import type { Dispatcher } from './dispatcher.ts';
import type { Failover } from './failover.ts';
import { noticesForLateComer } from './notices.ts';
import { Playback } from './playback.ts';
import type { EgressCaller, EgressRooms, EgressStore } from './ports.ts';
import type { EgressRunner } from './runner/runner.ts';
import { type LiveSession, retryUntilDecided, Starter, type StarterDeps } from './starter.ts';
import type { Removals } from './storage/removals.ts';
import type { Storage } from './storage/storage.ts';

export interface EgressDeps<C extends EgressCaller> extends StarterDeps {
  nodeId: string;
  store: EgressStore;
  rooms: EgressRooms<C>;
  runner: EgressRunner;
  dispatcher: Dispatcher;
  failover: Failover;
  removals: Pick<Removals, 'look'>;
  storage: Storage;
  /** Of this node's data. */
  folder: string;
}

export interface ListQuery {
  roomId?: string | undefined;
  sessionId?: string | undefined;
  query?: string | undefined;
}

/** An egress with what only some responses show. */
export interface Shown {
  egress: Output;
  webhook: WebhookSummary;
  /** Place in the queue, while it waits for a slot. */
  position: number | undefined;
}

export class Egress<C extends EgressCaller = EgressCaller> {
  /** What players and viewers get. */
  readonly playback: Playback;
  readonly #deps: EgressDeps<C>;
  readonly #starter: Starter;

  constructor(deps: EgressDeps<C>) {
    this.#deps = deps;
    this.#starter = new Starter(deps);
    this.playback = new Playback(deps);
  }

  /** Starts one for the live session of a caller's room; resolves when it has begun or waits in the queue. */
  async start(caller: C, kind: EgressKind, body: { roomId: string }): Promise<Shown> {
    const { roomId, ...request } = body;
    const plan = this.#starter.plan(kind, request);
    const room = await this.#deps.rooms.get(caller, roomId);
    const sessionId = await this.#deps.rooms.liveIn(room.roomId);
    if (sessionId === undefined) throw noLiveSession(room.roomId);
    return this.#show(await this.#starter.start({ sessionId, room }, plan, request));
  }

  /** Starts one for a meeting, as a participant asked. */
  startIn(session: LiveSession, kind: EgressKind, request: unknown): Promise<void> {
    return this.#starter.startFromMeeting(session, kind, request);
  }

  /** Ends the one that runs, or the named one; all of them where several run and none is named. */
  async stop(caller: C, kind: EgressKind, which: { roomId: string; id?: string | undefined }): Promise<void> {
    const room = await this.#deps.rooms.get(caller, which.roomId);
    await this.stopIn(room, kind, which.id);
  }

  async stopIn(room: { roomId: string }, kind: EgressKind, id?: string): Promise<void> {
    const unfinished = await this.#deps.store.unfinishedIn(room.roomId, kind);
    const named = unfinished.filter((egress) => id === undefined || egress.id === id);
    if (named.length === 0) throw egressNotRunning(kind, room.roomId);
    await Promise.all(named.map((egress) => this.#deps.dispatcher.end(egress)));
  }

  async list(
    caller: C,
    kind: EgressKind,
    query: ListQuery,
    paging: Paging,
  ): Promise<{ shown: Shown[]; total: number }> {
    const rooms = [query.roomId, query.query, caller.roomId].filter((id) => id !== undefined);
    const filter = { kind, rooms, sessionId: query.sessionId };
    const { egresses, total } = await this.#deps.store.list(caller.ownerId, filter, paging);
    return { shown: await Promise.all(egresses.map((egress) => this.#show(egress))), total };
  }

  async get(caller: C, kind: EgressKind, id: string): Promise<Shown> {
    return this.#show(await this.#owned(caller, kind, id));
  }

  /** The newest of a room that has not ended. */
  async active(caller: C, kind: EgressKind, roomId: string): Promise<Shown> {
    const room = await this.#deps.rooms.get(caller, roomId);
    const egress = (await this.#deps.store.unfinishedIn(room.roomId, kind)).at(-1);
    if (!egress || egress.status === 'stopping') throw egressNotRunning(kind, room.roomId);
    return this.#show(egress);
  }

  /** Deletes one that has ended; its files go as soon as their storage lets them, however long that takes. */
  async remove(caller: C, kind: EgressKind, id: string): Promise<void> {
    const { store, storage, nodeId, removals } = this.#deps;
    const egress = await this.#owned(caller, kind, id);
    if (!egress.endedAt) throw egressNotEnded(kind, egress.status);
    await store.delete(egress, { isStoredElsewhere: storage.kind === 's3', at: new Date() });
    if (egress.folder !== null) this.playback.forget(egress.folder);
    if (egress.nodeId === nodeId) removals.look();
  }

  /** Starts what the room starts by itself when a session begins. */
  autoStart(session: LiveSession): Promise<void> {
    return this.#starter.autoStart(session);
  }

  /** Does what another node was asked for and this one has to do. What takes long is not waited for. */
  async handleCommand({ command, egressId }: EgressJob): Promise<void> {
    const { store, runner, removals, failover, nodeId, stopping, log } = this.#deps;
    if (command === 'delete-egress') return removals.look();
    const egress = await store.get(egressId);
    if (!egress) return;
    const ownLog = log.child({ egressId, command });
    const later = (work: () => Promise<void>) =>
      inBackground(ownLog, 'egress command', () =>
        retryUntilDecided(work, { log: ownLog, stopping }).catch((error) =>
          ownLog.warn({ err: error }, 'egress command failed'),
        ),
      );
    if (command === 'stop-egress') await runner.end(egressId);
    if (command === 'continue-egress') later(() => failover.continue(egress));
    if (command === 'start-egress' && egress.nodeId === nodeId) later(() => runner.launch(egress));
  }

  /** The notifications for a participant who joins later, of what runs here. */
  noticesFor(sessionId: string): Notification[] {
    return this.#deps.runner.runningIn(sessionId).flatMap(noticesForLateComer);
  }

  /** The notifications for a participant who joins later, of what runs on other nodes. */
  async noticesFromElsewhere(sessionId: string): Promise<Notification[]> {
    const running = await this.#deps.store.runningIn(sessionId);
    return running.filter(({ nodeId }) => nodeId !== this.#deps.nodeId).flatMap(noticesForLateComer);
  }

  async #owned(caller: C, kind: EgressKind, id: string): Promise<Output> {
    const egress = await this.#deps.store.find(caller.ownerId, kind, id);
    if (!egress) throw notFound(WORDS[kind], id);
    if (caller.roomId === undefined) return egress;
    // The token names its room by either id.
    const { roomId } = await this.#deps.rooms.get(caller, caller.roomId);
    if (roomId !== egress.roomId) throw wrongRoomForToken(egress.roomId);
    return egress;
  }

  async #show(egress: Output): Promise<Shown> {
    const { store } = this.#deps;
    const [webhook, position] = await Promise.all([
      store.webhookSummary(egress),
      egress.status === 'queued' ? store.positionOf(egress) : undefined,
    ]);
    return { egress, webhook, position };
  }
}

const WORDS = { recording: 'Recording', hls: 'HLS', livestream: 'Livestream' } as const;
