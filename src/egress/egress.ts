// The front door of egress: what callers of the REST API and people in a meeting may do with recordings, HLS streams
// and livestreams, and what auto-start and other nodes ask for.
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { AppError, egressNotEnded, egressNotRunning, noLiveSession, notFound, wrongRoomForToken } from '../errors.ts';
import { inBackground } from '../kit/in-background.ts';
import { persist } from '../kit/persist.ts';
import type { Logger } from '../log.ts';
import {
  type Continuation,
  type EgressKind,
  type EgressPlan,
  type Egress as Output,
  type RecordingFile,
  recordingFile,
  type WebhookSummary,
} from '../protocol/egress.ts';
import { type Flag, isOn, type Paging } from '../protocol/rest/common.ts';
import type { Notification } from '../protocol/signaling.ts';
import type { Dispatcher } from './dispatcher.ts';
import { playlistReaching, sizeOnceThere } from './hls-folder.ts';
import { hlsContentType, isHlsName, isPlaylist, type Position } from './hls-playlist.ts';
import { noticesForLateComer, noticesOf } from './notices.ts';
import { hlsFolder } from './outputs.ts';
import { type CheckUrl, failedPlan, planOf, wantsFile, withoutEffect } from './plan.ts';
import type {
  AutoStartWish,
  EgressCaller,
  EgressCommand,
  EgressRoom,
  EgressRooms,
  EgressStore,
  NotBegun,
  Tell,
} from './ports.ts';
import type { Removals } from './removals.ts';
import { openLocal } from './storage/file-storage.ts';
import type { ByteRange, Storage } from './storage/storage.ts';
import type { Studio } from './studio.ts';
import type { Successors } from './successors.ts';

export interface EgressDeps<C extends EgressCaller> {
  nodeId: string;
  store: EgressStore;
  rooms: EgressRooms<C>;
  studio: Studio;
  dispatcher: Dispatcher;
  successors: Successors;
  removals: Pick<Removals, 'look'>;
  storage: Storage;
  folder: string;
  checkUrl: CheckUrl;
  tell: Tell;
  /** Aborted when nothing is tried again any more. */
  stopping: AbortSignal;
  log: Logger;
}

export interface ListWish {
  roomId?: string | undefined;
  sessionId?: string | undefined;
  query?: string | undefined;
}

/** An egress with what only some answers show. */
export interface Shown {
  egress: Output;
  webhook: WebhookSummary;
  /** Place in the queue, while it waits for a slot. */
  position: number | undefined;
}

export interface Segment {
  size: number;
  contentType: string;
  open: Open;
}

type Open = (range?: ByteRange) => Promise<Readable | undefined>;

const MAX_FOLDERS = 10_000;

/** The session that somebody in it acts on. */
interface LiveSession {
  sessionId: string;
  room: EgressRoom;
}

export class Egress<C extends EgressCaller = EgressCaller> {
  readonly #deps: EgressDeps<C>;
  /** Names of streams that there are. */
  readonly #folders = new Set<string>();

  constructor(deps: EgressDeps<C>) {
    this.#deps = deps;
  }

  /** Starts one for the live session of a caller's room; resolves when it has begun or waits in the queue. */
  async start(caller: C, kind: EgressKind, body: { roomId: string }): Promise<Shown> {
    const { roomId, ...wish } = body;
    const plan = this.#plan(kind, wish);
    const room = await this.#deps.rooms.get(caller, roomId);
    const sessionId = await this.#deps.rooms.liveIn(room.roomId);
    if (sessionId === undefined) throw noLiveSession(room.roomId);
    return this.#show(await this.#begin({ sessionId, room }, plan, wish));
  }

  /** Starts one for a meeting, as somebody in it asked. */
  async startIn(session: LiveSession, kind: EgressKind, wish: unknown): Promise<void> {
    await this.#begin(session, this.#plan(kind, wish), wish);
    const warnings = withoutEffect(kind, wish);
    if (warnings.length === 0) return;
    this.#deps.log.info({ sessionId: session.sessionId, kind, warnings }, 'fields without effect');
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

  async list(caller: C, kind: EgressKind, wish: ListWish, paging: Paging): Promise<{ shown: Shown[]; total: number }> {
    const rooms = [wish.roomId, wish.query, caller.roomId].filter((id) => id !== undefined);
    const filter = { kind, rooms, sessionId: wish.sessionId };
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
    if (egress.folder !== null) this.#folders.delete(egress.folder);
    if (egress.nodeId === nodeId) removals.look();
  }

  /** Takes up what the room wants by itself when a session begins. A failure is told, and harms nobody. */
  async autoStart(session: LiveSession): Promise<void> {
    const log = this.#deps.log.child({ sessionId: session.sessionId });
    const requests = await this.#insist(log, () => this.#deps.store.wishes(session.sessionId));
    await Promise.all(requests.map((request) => this.#autoStartOne(session, request)));
  }

  async #autoStartOne(session: LiveSession, { id, kind, request }: AutoStartWish): Promise<void> {
    const log = this.#deps.log.child({ sessionId: session.sessionId, kind });
    if (kind === 'composite') {
      log.warn('composite recordings are not served');
      return this.#keepFailed(session, { requestId: id, kind, reason: 'Composite recordings are not served.' });
    }
    let plan: EgressPlan | undefined;
    try {
      const made = this.#plan(kind, request);
      plan = made;
      await this.#insist(log, () => this.#begin(session, made, request, id));
    } catch (error) {
      log.warn({ err: error }, 'auto-start failed');
      plan ??= failedPlan(kind, request, this.#deps.checkUrl);
      const reason = error instanceof AppError ? error.message : 'It could not be started.';
      await this.#keepFailed(session, { requestId: id, kind, plan, reason });
    }
  }

  /** What could not be begun is kept as failed, and the meeting is notified; what was, has reported its own end. */
  async #keepFailed({ sessionId }: LiveSession, notBegun: NotBegun): Promise<void> {
    const { store, tell, log } = this.#deps;
    const failed = await this.#insist(log, () => store.keepFailed(notBegun, sessionId, new Date()));
    for (const notice of failed ? noticesOf(failed) : []) tell(sessionId, notice);
  }

  /** Does what another node was asked for and this one has to do. What takes long is not waited for. */
  async obey({ command, egressId }: EgressCommand): Promise<void> {
    const { store, studio, removals, successors, nodeId, log } = this.#deps;
    if (command === 'delete-egress') return removals.look();
    const egress = await store.get(egressId);
    if (!egress) return;
    const ownLog = log.child({ egressId, command });
    const later = (work: () => Promise<void>) =>
      inBackground(ownLog, 'egress command', () =>
        this.#insist(ownLog, work).catch((error) => ownLog.warn({ err: error }, 'egress command failed')),
      );
    if (command === 'stop-egress') await studio.end(egressId);
    if (command === 'continue-egress') later(() => successors.continue(egress));
    if (command === 'start-egress' && egress.nodeId === nodeId) later(() => studio.launch(egress));
  }

  /** What somebody who joins later has to know of what runs here. */
  noticesFor(sessionId: string): Notification[] {
    return this.#deps.studio.runningIn(sessionId).flatMap(noticesForLateComer);
  }

  /** What somebody who joins later has to know of what runs on other nodes. */
  async noticesFromElsewhere(sessionId: string): Promise<Notification[]> {
    const running = await this.#deps.store.runningIn(sessionId);
    return running.filter(({ nodeId }) => nodeId !== this.#deps.nodeId).flatMap(noticesForLateComer);
  }

  /** A stream for whoever knows its id: everybody in its meeting is told where it plays anyway. */
  async watchedHls(id: string): Promise<{ egress: Output; continuation: Continuation }> {
    const egress = await this.#deps.store.hls(id);
    if (!egress) throw notFound(WORDS.hls, id);
    return { egress, continuation: await this.#deps.store.continuation(id) };
  }

  /** A finished recording for whoever knows the unguessable part of its file's address; its id alone is not enough. */
  async watchedRecording(id: string, fileToken: string): Promise<{ egress: Output; file: RecordingFile }> {
    const egress = await this.#deps.store.byFileToken(fileToken);
    const file = recordingFile(egress);
    if (!egress || !file || egress.id !== id) throw notFound(WORDS.recording, id);
    return { egress, file };
  }

  /** The file behind an unguessable address. */
  async file(token: string): Promise<{ file: RecordingFile; open: Open }> {
    const file = recordingFile(await this.#deps.store.byFileToken(token));
    if (!file) throw notFound('File', token);
    return {
      file,
      open: async (range) => {
        // What is on its way to the storage is still here.
        const local = file.storedIn === null && file.localPath ? await openLocal(file.localPath, range) : undefined;
        return local ?? this.#deps.storage.open(file.key, range);
      },
    };
  }

  /** A playlist of a stream, once it reaches a position; see `playlistReaching`. */
  async playlist(folder: string, name: string, position: Position | undefined): Promise<string | 'too-far' | 'late'> {
    if (!isPlaylist(name)) throw notFound('Playlist', name);
    const path = await this.#hlsFolder(folder, name);
    const found = (await playlistReaching(path, name, position)) ?? (await this.#storedPlaylist(folder, name));
    if (found === undefined) throw notFound('Playlist', name);
    return found;
  }

  /** A segment, or a part of one, also when it is only just about to be written. */
  async segment(folder: string, name: string): Promise<Segment> {
    const path = join(await this.#hlsFolder(folder, name), name);
    const contentType = hlsContentType(name);
    const size = await sizeOnceThere(path);
    if (size !== undefined) return { size, contentType, open: (range) => openLocal(path, range) };
    const { storage } = this.#deps;
    const key = await this.#storedKey(folder, name);
    const stored = key === undefined ? undefined : await storage.size(key);
    if (key === undefined || stored === undefined) throw notFound('File', name);
    return { size: stored, contentType, open: (range) => storage.open(key, range) };
  }

  async #storedPlaylist(folder: string, name: string): Promise<string | undefined> {
    const key = await this.#storedKey(folder, name);
    const stream = key && (await this.#deps.storage.open(key));
    return stream && text(stream);
  }

  /** Where a stream that is over is kept, unless that is its folder here. */
  async #storedKey(folder: string, name: string): Promise<string | undefined> {
    const file = (await this.#deps.store.byFolder(folder))?.file;
    return file?.storedIn === 's3' ? `${file.key}/${name}` : undefined;
  }

  async #hlsFolder(folder: string, name: string): Promise<string> {
    if (!isHlsName(name)) throw notFound('File', name);
    if (!this.#folders.has(folder)) {
      if (!(await this.#deps.store.byFolder(folder))) throw notFound('Stream', folder);
      this.#remember(folder);
    }
    return hlsFolder(this.#deps.folder, folder);
  }

  /** Players ask several times a second; a stream that was deleted is gone from the disk anyway. */
  #remember(folder: string): void {
    const [oldest] = this.#folders;
    if (this.#folders.size >= MAX_FOLDERS && oldest !== undefined) this.#folders.delete(oldest);
    this.#folders.add(folder);
  }

  /** Repeats what nobody waits for until the database takes it; a refusal is an answer. */
  #insist<T>(log: Logger, work: () => Promise<T>): Promise<T> {
    return persist(work, {
      isAnswer: (error) => error instanceof AppError,
      onFailure: (error, delayMs) => log.warn({ err: error, delayMs }, 'egress not begun yet, trying again'),
      signal: this.#deps.stopping,
    });
  }

  #plan(kind: EgressKind, wish: unknown): EgressPlan {
    return planOf(kind, wish, this.#deps.checkUrl, this.#deps.storage.maxKeyBytes);
  }

  async #begin(session: LiveSession, plan: EgressPlan, wish: unknown, requestId?: string): Promise<Output> {
    const { sessionId, room } = session;
    const beside = allowsSeveral(room, plan.kind);
    const egress = await this.#deps.dispatcher.begin({ sessionId, plan, beside, requestId });
    if (plan.kind !== 'recording' && wantsFile(wish)) await this.#keepFileToo(session, plan);
    return egress;
  }

  /**
   * A stream may be recorded beside; where a recording runs already, there is one. What prevents it is a failure of that
   * recording, and none of the stream, which runs.
   */
  async #keepFileToo(session: LiveSession, plan: EgressPlan): Promise<void> {
    const recording: EgressPlan = { ...plan, kind: 'recording', outputs: [] };
    try {
      await this.#begin(session, recording, {});
    } catch (error) {
      if (!(error instanceof AppError)) throw error;
      // What was begun and broke has its row, and has reported its own end.
      if (error.status === 409 || error.code === 'RECORDING_NOT_STARTED') return;
      await this.#keepFailed(session, { kind: 'recording', plan: recording, reason: error.message });
    }
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

function allowsSeveral({ multiComposition }: EgressRoom, kind: EgressKind): boolean {
  if (!multiComposition) return false;
  return isOn((kind === 'livestream' ? multiComposition.rtmp : multiComposition[kind]) as Flag | undefined);
}
