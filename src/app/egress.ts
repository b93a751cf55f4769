// How app.ts builds recording, HLS and livestreams: the parts of `egress`, and what binds them to rooms, media and store.

import { fileURLToPath } from 'node:url';
import type { Caller } from '../access/access.ts';
import type { NodeMessages } from '../cluster/ports.ts';
import type { PageBounds } from '../compositor/ipc.ts';
import { removeStaleProfiles } from '../compositor/page/profile.ts';
import type { Config } from '../config/config.ts';
import type { Secrets } from '../config/secrets.ts';
import { Dispatcher } from '../egress/dispatcher.ts';
import { Egress } from '../egress/egress.ts';
import { Failover } from '../egress/failover.ts';
import { Moves } from '../egress/moves.ts';
import type { SessionSource } from '../egress/ports.ts';
import { createRemoteEgress, type RemoteEgress } from '../egress/remote/remote-egress.ts';
import { CompositorProcess } from '../egress/runner/compositor-process.ts';
import { EgressRunner } from '../egress/runner/runner.ts';
import type { Installation } from '../egress/runner/template.ts';
import { egressRules } from '../egress/states.ts';
import { FileStorage } from '../egress/storage/file-storage.ts';
import { Finisher } from '../egress/storage/finisher.ts';
import { Removals } from '../egress/storage/removals.ts';
import type { Storage } from '../egress/storage/storage.ts';
import { Uploads } from '../egress/storage/uploads.ts';
import type { Mailbox } from '../jobs/mailbox.ts';
import { portOf } from '../kit/addresses.ts';
import { inBackground } from '../kit/in-background.ts';
import type { Outbound } from '../kit/outbound/outbound.ts';
import type { Limits } from '../limits.ts';
import type { RoomFacts } from '../live/ports.ts';
import type { ObservedRoom, SessionObserver } from '../live/session-observer.ts';
import type { Logger } from '../log.ts';
import type { Media } from '../media/media.ts';
import { MediaTap, type TapSource } from '../media/tap.ts';
import type { Notification } from '../protocol/signaling.ts';
import type { NodeStore } from '../store/cluster/node-store.ts';
import type { Db } from '../store/database.ts';
import { EgressStore } from '../store/egress/egress-store.ts';
import type { RemovalStore } from '../store/egress/removal-store.ts';
import type { UploadStore } from '../store/egress/upload-store.ts';
import { nodeAddress } from './addresses.ts';
import type { Infrastructure } from './infrastructure.ts';
import type { Urls } from './listeners.ts';
import type { Meetings } from './meetings.ts';

export const COMPOSITOR = fileURLToPath(new URL('../compositor/main.ts', import.meta.url));

/** A page joins as it starts. Each start of the browser makes a new token, for its one room. */
const TOKEN_SECONDS = 3600;

export function createEgressStore(db: Db, mailbox: Mailbox, limits: Limits): EgressStore {
  return new EgressStore({
    db,
    rules: egressRules,
    limits,
    send: (tx, nodeId, job, startAt) => mailbox.send(nodeId, job, { tx, startAt }),
  });
}

export interface EgressParts {
  egress: Egress<Caller>;
  runner: EgressRunner;
  uploads: Uploads;
  removals: Removals;
  remote: RemoteEgress;
  failover: Failover;
  /** What was tried again in the background is left to the next start. */
  stopRetries(): void;
}

export function createEgress(deps: {
  config: Config;
  storage: Storage;
  infrastructure: Infrastructure;
  meetings: Meetings;
  urls: Urls;
  store: EgressStore;
  uploads: UploadStore;
  removals: RemovalStore;
  outbound: Outbound;
  messages: NodeMessages;
  log: Logger;
  /** Another compositor, for tests. */
  compositor?: string | undefined;
}): EgressParts {
  const { config, storage, store, outbound, urls } = deps;
  const { nodeId, media, access, addresses } = deps.infrastructure;
  const { rooms, liveRooms, nodeStore } = deps.meetings;
  const { dataDir } = config;
  const log = deps.log.child({ part: 'egress' });
  // Of compositors that were killed with the server.
  removeStaleProfiles();
  const put = outbound.put.bind(outbound);
  const uploads = new Uploads({ nodeId, store: deps.uploads, storage, put, limits: config.limits, log });
  const finisher = new Finisher({ folder: dataDir, storage, onUpload: () => uploads.look(), log });
  const removals = new Removals({ nodeId, store: deps.removals, finisher, uploads, log });
  const remote = createRemoteEgress({
    nodeId,
    messages: deps.messages,
    // Where other nodes send streams to.
    address: config.egress.address ?? nodeAddress(addresses),
    isOver: async (sessionId) => (await nodeStore.ofSession(sessionId)) === undefined,
    source: (sessionId) => sourceOf(liveRooms.ofSession(sessionId), media, log),
    notify: (sessionId, notification) => liveRooms.ofSession(sessionId)?.notifyAll(notification),
    onChanged: (sessionId) => runner.sessionChanged(sessionId),
    onSpoke: (sessionId, participantId) => runner.spoke(sessionId, participantId),
    onOver: (sessionId) => runner.sessionEnded(sessionId),
    log,
  });
  const moves = new Moves({ store, notify: remote.notify, log });
  const runner: EgressRunner = new EgressRunner({
    nodeId,
    store,
    finisher,
    moves,
    sessions: remote.sessions,
    templates: {
      browser: config.egress.browser,
      sandboxed: config.egress.browserSandboxed,
      bounds: pageBounds(config),
      installation: () => installation(nodeStore, urls),
      tokenFor: (ownerId, roomId, participantId) =>
        access.tokenOf(ownerId, {
          roomId,
          participantId,
          permissions: ['allow_join'],
          roles: ['rtc'],
          expiresInSeconds: TOKEN_SECONDS,
        }),
    },
    launchCompositor: (start, options) =>
      CompositorProcess.launch({ program: deps.compositor ?? COMPOSITOR, ...options }, start),
    outboundAllow: config.outboundAllow,
    folder: dataDir,
    slots: config.roles.includes('egress') ? config.egress.slots : 0,
    limits: config.limits,
    log,
  });
  const retries = new AbortController();
  const stopping = retries.signal;
  const dispatcher = new Dispatcher({ nodeId, store, runner });
  const isLive = (sessionId: string) => liveRooms.ofSession(sessionId) !== undefined;
  const failover = new Failover({ nodeId, store, dispatcher, moves, isLive, log });
  const egress = new Egress<Caller>({
    nodeId,
    store,
    rooms: {
      get: (caller, id) => rooms.get(caller, id),
      liveIn: (roomId) => rooms.sessions.liveIn({ roomId }),
    },
    runner,
    dispatcher,
    failover,
    removals,
    storage,
    folder: dataDir,
    checkUrl: (url, options) => outbound.checkUrl(url, options),
    notify: remote.notify,
    stopping,
    log,
  });
  return { egress, runner, uploads, removals, remote, failover, stopRetries: () => retries.abort() };
}

export function pageBounds({ limits }: Config): PageBounds {
  return {
    memoryBytes: limits.pageMemoryBytes,
    diskBytes: limits.pageDiskBytes,
    threads: limits.pageThreads,
  };
}

/** What the installation is reached by, all nodes included. */
async function installation(nodes: NodeStore, urls: Urls): Promise<Installation> {
  const { publicUrls, certificates } = await nodes.reach();
  return { hosts: hostsOf([urls.http, urls.https, urls.public, ...publicUrls]), certificates };
}

/** `host:port` of each address. */
function hostsOf(addresses: readonly (string | undefined)[]): string[] {
  const urls = addresses.flatMap((address) => (address ? new URL(address) : []));
  return [...new Set(urls.map((url) => `${url.hostname}:${portOf(url)}`))];
}

export async function createStorage({ dataDir, egress, limits }: Config, secrets: Secrets): Promise<Storage> {
  if (!egress.s3) return new FileStorage(`${dataDir}/storage`);
  // Its client takes 25 MB, and most installations have none.
  const { S3Storage } = await import('../egress/storage/s3-storage.ts');
  // Path style is what servers other than Amazon's understand.
  return new S3Storage({
    ...egress.s3,
    pathStyle: egress.s3.endpoint !== undefined,
    credentials: secrets.s3,
    stallMs: limits.uploadStallSeconds * 1000,
  });
}

/** Watches all sessions of this node for the egresses of each. */
export function egressObserver({ egress, runner, remote }: EgressParts, log: Logger): SessionObserver {
  return {
    began: (room) => inBackground(log, 'auto-start', () => egress.autoStart(sessionOf(room))),
    arrived: (room, participant) => {
      const notify = (notices: Notification[]) => {
        for (const notice of notices) participant.link.notify(notice);
      };
      notify(egress.noticesFor(room.sessionId));
      if (!remote.host.isFollowed(room.sessionId)) return;
      inBackground(log, 'notice of what is recorded elsewhere', async () => {
        notify(await egress.noticesFromElsewhere(room.sessionId));
      });
    },
    changed: (room) => {
      runner.sessionChanged(room.sessionId);
      remote.host.sessionChanged(room.sessionId);
    },
    spoke: (room, participantId) => {
      runner.spoke(room.sessionId, participantId);
      remote.host.sessionChanged(room.sessionId);
    },
    ended: (_room, sessionId) => {
      runner.sessionEnded(sessionId);
      remote.host.sessionEnded(sessionId);
    },
  };
}

/** What people in a meeting may do. */
export function egressOfMeetings(egress: Egress<Caller>) {
  return {
    start: (room: ObservedRoom, kind: Kind, body: unknown) => egress.startIn(sessionOf(room), kind, body),
    stop: (room: ObservedRoom, kind: Kind) => egress.stopIn(room.facts, kind),
  };
}

type Kind = Parameters<Egress['startIn']>[1];

function sessionOf(room: ObservedRoom) {
  const { roomId, ownerId, multiComposition } = room.facts as RoomFacts & { multiComposition?: object | null };
  return { sessionId: room.sessionId, room: { roomId, ownerId, multiComposition: multiComposition ?? null } };
}

function sourceOf(room: ObservedRoom | undefined, media: Media, log: Logger): SessionSource | undefined {
  if (!room) return undefined;
  const { sessionId } = room;
  // The room may hold another session by the time it is asked.
  const isLive = () => room.live && room.sessionId === sessionId;
  const scene = () => (isLive() ? room.scene : []);
  const sources = () =>
    scene().flatMap(({ id, streams }) =>
      streams.map(({ kind, publication }) => ({ participantId: id, kind, publication }) as TapSource),
    );
  return {
    sessionId,
    roomId: room.facts.roomId,
    isElsewhere: false,
    get live() {
      return isLive();
    },
    participants: () =>
      scene().map(({ id, name, pinned, joinedAt, streams }) => {
        const sends = (kind: string) => streams.some((stream) => stream.kind === kind && !stream.paused);
        return {
          id,
          name,
          pinned,
          joinedAt,
          micOn: sends('audio'),
          camOn: sends('video'),
          shareOn: sends('share'),
        };
      }),
    activeSpeaker: () => room.activeSpeaker,
    mediaHosts: () => media.workers.flatMap(({ tcpHosts }) => tcpHosts),
    openTap: (options) => new MediaTap({ media, sources, log }, options),
    expectObserver: (participantId) => room.expectObserver(participantId),
  };
}
