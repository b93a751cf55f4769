// How app.ts builds recording, HLS and livestreams: the parts of `egress`, and what binds them to rooms, media and store.
import { fileURLToPath } from 'node:url';
import type { Caller } from '../access/access.ts';
import type { Config, Secrets } from '../config.ts';
import { Dispatcher } from '../egress/dispatcher.ts';
import { Egress } from '../egress/egress.ts';
import { egressRules } from '../egress/egress-state.ts';
import { Finisher } from '../egress/finisher.ts';
import type { PageBounds } from '../egress/ipc.ts';
import { Moves } from '../egress/moves.ts';
import type { EgressCommand, SessionSource } from '../egress/ports.ts';
import { Removals } from '../egress/removals.ts';
import { FileStorage } from '../egress/storage/file-storage.ts';
import type { Storage } from '../egress/storage/storage.ts';
import { Studio } from '../egress/studio.ts';
import { Successors } from '../egress/successors.ts';
import type { Installation } from '../egress/template.ts';
import { Uploads } from '../egress/uploads.ts';
import { removeStaleProfiles } from '../egress/worker/page/profile.ts';
import type { Mailbox } from '../jobs/mailbox.ts';
import { portOf } from '../kit/addresses.ts';
import { inBackground } from '../kit/in-background.ts';
import type { Outbound } from '../kit/outbound/outbound.ts';
import type { Limits } from '../limits.ts';
import type { Logger } from '../log.ts';
import type { Media } from '../media/media.ts';
import { MediaTap, type TapSource } from '../media/tap.ts';
import type { Notification } from '../protocol/signaling.ts';
import type { LiveRoom } from '../rooms/live-room.ts';
import type { Onlooker } from '../rooms/onlooker.ts';
import type { RoomFacts } from '../rooms/ports.ts';
import type { Db } from '../store/database.ts';
import { EgressStore } from '../store/egress-store.ts';
import type { NodeBus } from '../store/node-bus.ts';
import type { NodeStore } from '../store/node-store.ts';
import type { RemovalStore } from '../store/removal-store.ts';
import type { UploadStore } from '../store/upload-store.ts';
import { nodeAddress } from './addresses.ts';
import type { Ground } from './ground.ts';
import type { Urls } from './listeners.ts';
import type { Meetings } from './meetings.ts';
import { createRemoteEgress, type RemoteEgress } from './remote-egress.ts';

export const COMPOSITOR = fileURLToPath(new URL('../egress/worker/main.ts', import.meta.url));

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
  studio: Studio;
  uploads: Uploads;
  removals: Removals;
  remote: RemoteEgress;
  successors: Successors;
  /** What was tried again in the background is left to the next start. */
  stopRetries(): void;
}

export function createEgress(deps: {
  config: Config;
  storage: Storage;
  ground: Ground;
  meetings: Meetings;
  urls: Urls;
  store: EgressStore;
  uploads: UploadStore;
  removals: RemovalStore;
  outbound: Outbound;
  bus: NodeBus;
  log: Logger;
  /** Another compositor, for tests. */
  compositor?: string | undefined;
}): EgressParts {
  const { config, storage, store, outbound, urls } = deps;
  const { nodeId, media, access, addresses } = deps.ground;
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
    bus: deps.bus,
    // Where other nodes send streams to.
    address: config.egress.address ?? nodeAddress(addresses),
    isOver: async (sessionId) => (await nodeStore.ofSession(sessionId)) === undefined,
    source: (sessionId) => sourceOf(liveRooms.ofSession(sessionId), media, log),
    tell: (sessionId, notification) => liveRooms.ofSession(sessionId)?.tellAll(notification),
    onChanged: (sessionId) => studio.sessionChanged(sessionId),
    onSpoke: (sessionId, participantId) => studio.spoke(sessionId, participantId),
    onOver: (sessionId) => studio.sessionEnded(sessionId),
    log,
  });
  const moves = new Moves({ store, tell: remote.tell, log });
  const studio: Studio = new Studio({
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
    program: deps.compositor ?? COMPOSITOR,
    outboundAllow: config.outboundAllow,
    folder: dataDir,
    slots: config.roles.includes('egress') ? config.egress.slots : 0,
    limits: config.limits,
    log,
  });
  const retries = new AbortController();
  const stopping = retries.signal;
  const dispatcher = new Dispatcher({ nodeId, store, studio });
  const isLive = (sessionId: string) => liveRooms.ofSession(sessionId) !== undefined;
  const successors = new Successors({ nodeId, store, dispatcher, moves, isLive, log });
  const egress = new Egress<Caller>({
    nodeId,
    store,
    rooms: {
      get: (caller, id) => rooms.get(caller, id),
      liveIn: (roomId) => rooms.sessions.liveIn({ roomId }),
    },
    studio,
    dispatcher,
    successors,
    removals,
    storage,
    folder: dataDir,
    checkUrl: (url, options) => outbound.checkUrl(url, options),
    tell: remote.tell,
    stopping,
    log,
  });
  return { egress, studio, uploads, removals, remote, successors, stopRetries: () => retries.abort() };
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
export function egressOnlooker(parts: () => EgressParts, log: Logger): Onlooker {
  return {
    began: (room) => inBackground(log, 'auto-start', () => parts().egress.autoStart(sessionOf(room))),
    arrived: (room, participant) => {
      const { egress, remote } = parts();
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
      parts().studio.sessionChanged(room.sessionId);
      parts().remote.host.sessionChanged(room.sessionId);
    },
    spoke: (room, participantId) => {
      parts().studio.spoke(room.sessionId, participantId);
      parts().remote.host.sessionChanged(room.sessionId);
    },
    ended: (_room, sessionId) => {
      parts().studio.sessionEnded(sessionId);
      parts().remote.host.sessionEnded(sessionId);
    },
  };
}

/** What people in a meeting may do. */
export function egressOfMeetings(egress: Egress<Caller>) {
  return {
    start: (room: LiveRoom, kind: Kind, wish: unknown) => egress.startIn(sessionOf(room), kind, wish),
    stop: (room: LiveRoom, kind: Kind) => egress.stopIn(room.facts, kind),
  };
}

type Kind = Parameters<Egress['startIn']>[1];

/** Hands egress its jobs out of the mailbox, and the rest to whoever takes the others. */
export function splitMailbox(mailbox: Mailbox, obey: (command: EgressCommand) => Promise<void>) {
  type Handle = Parameters<Mailbox['receive']>[0];
  type SessionHandle = (job: Exclude<Parameters<Handle>[0], EgressCommand>) => Promise<void>;
  return {
    send: mailbox.send.bind(mailbox),
    receive: (handle: SessionHandle) => mailbox.receive((job) => ('egressId' in job ? obey(job) : handle(job))),
  };
}

function sessionOf(room: LiveRoom) {
  const { roomId, ownerId, multiComposition } = room.facts as RoomFacts & { multiComposition?: object | null };
  return { sessionId: room.sessionId, room: { roomId, ownerId, multiComposition: multiComposition ?? null } };
}

function sourceOf(room: LiveRoom | undefined, media: Media, log: Logger): SessionSource | undefined {
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
