// How app.ts builds recording, HLS and livestreams: the parts of `egress`, and what binds them to rooms, media and store.
import { fileURLToPath } from 'node:url';
import type { Access, Caller } from './access/access.ts';
import type { Config, Secrets } from './config.ts';
import { Egress } from './egress/egress.ts';
import { egressRules } from './egress/egress-state.ts';
import { Finisher } from './egress/finisher.ts';
import type { EgressCommand, SessionSource } from './egress/ports.ts';
import { FileStorage } from './egress/storage/file-storage.ts';
import { S3Storage } from './egress/storage/s3-storage.ts';
import type { Storage } from './egress/storage/storage.ts';
import { Studio } from './egress/studio.ts';
import { Uploads } from './egress/uploads.ts';
import type { Mailbox } from './jobs/mailbox.ts';
import type { Outbound } from './kit/outbound/outbound.ts';
import type { Logger } from './log.ts';
import type { Media } from './media/media.ts';
import { MediaTap } from './media/tap.ts';
import type { LiveRoom } from './rooms/live-room.ts';
import type { LiveRooms } from './rooms/live-rooms.ts';
import type { Onlooker } from './rooms/onlooker.ts';
import type { RoomFacts } from './rooms/ports.ts';
import type { Rooms } from './rooms/rooms.ts';
import type { Db } from './store/database.ts';
import { EgressStore } from './store/egress-store.ts';
import type { UploadStore } from './store/upload-store.ts';

const COMPOSITOR = fileURLToPath(new URL('./egress/worker/main.ts', import.meta.url));

/** Longer than any session. */
const TOKEN_SECONDS = 24 * 3600;

export function createEgressStore(db: Db, mailbox: Mailbox): EgressStore {
  return new EgressStore({
    db,
    rules: egressRules,
    send: (tx, nodeId, job, startAt) => mailbox.send(nodeId, job, { tx, startAt }),
  });
}

export interface EgressParts {
  egress: Egress<Caller>;
  studio: Studio;
  uploads: Uploads;
  storage: Storage;
}

export function createEgress(deps: {
  config: Config;
  secrets: Secrets;
  nodeId: string;
  store: EgressStore;
  uploads: UploadStore;
  rooms: Rooms;
  liveRooms: LiveRooms;
  media: Media;
  access: Access;
  outbound: Outbound;
  /** `host:port` of the installation's own listeners, all nodes included. */
  ownHosts: () => Promise<string[]>;
  /** SHA-256 of the public keys of this node's certificates, base64. */
  certificates: () => string[];
  log: Logger;
  /** Another compositor, for tests. */
  compositor?: string | undefined;
}): EgressParts {
  const { config, secrets, nodeId, store, rooms, liveRooms, media, outbound } = deps;
  const { dataDir } = config;
  const log = deps.log.child({ part: 'egress' });
  const storage = createStorage(config, secrets);
  const put = outbound.put.bind(outbound);
  const uploads = new Uploads({ nodeId, store: deps.uploads, storage, put, log });
  const finisher = new Finisher({ folder: dataDir, storage, onUpload: () => uploads.look() });
  const studio = new Studio({
    nodeId,
    store,
    finisher,
    source: (sessionId) => sourceOf(liveRooms.ofSession(sessionId)),
    openTap: (options) => new MediaTap(media, options, log),
    templates: {
      browser: config.egress.browser,
      ownHosts: () => deps.ownHosts(),
      certificates: () => deps.certificates(),
      tokenFor: (ownerId, roomId, participantId) =>
        deps.access.tokenOf(ownerId, {
          roomId,
          participantId,
          permissions: ['allow_join'],
          expiresInSeconds: TOKEN_SECONDS,
        }),
    },
    tell: (sessionId, notification) => liveRooms.ofSession(sessionId)?.tellAll(notification),
    program: deps.compositor ?? COMPOSITOR,
    outboundAllow: config.outboundAllow,
    folder: dataDir,
    slots: config.roles.includes('egress') ? config.egress.slots : 0,
    log,
  });
  const egress = new Egress<Caller>({
    nodeId,
    store,
    rooms: {
      get: (caller, id) => rooms.get(caller, id),
      liveIn: (roomId) => rooms.sessions.liveIn({ roomId }),
    },
    studio,
    finisher,
    storage,
    folder: dataDir,
    checkUrl: (url, options) => outbound.checkUrl(url, options),
    log,
  });
  return { egress, studio, uploads, storage };
}

function createStorage({ dataDir, egress }: Config, secrets: Secrets): Storage {
  if (!egress.s3) return new FileStorage(`${dataDir}/storage`);
  // Path style is what servers other than Amazon's understand.
  return new S3Storage({ ...egress.s3, pathStyle: egress.s3.endpoint !== undefined, credentials: secrets.s3 });
}

/** Watches all sessions of this node for the egresses of each. */
export function egressOnlooker(parts: () => EgressParts): Onlooker {
  return {
    began: (room) => void parts().egress.autoStart(sessionOf(room)),
    arrived: (room, participant) => {
      for (const notice of parts().egress.noticesFor(room.sessionId)) participant.link.notify(notice);
    },
    changed: (room) => parts().studio.sessionChanged(room.sessionId),
    spoke: (room, participantId) => parts().studio.spoke(room.sessionId, participantId),
    ended: (_room, sessionId) => parts().studio.sessionEnded(sessionId),
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

function sourceOf(room: LiveRoom | undefined): SessionSource | undefined {
  if (!room) return undefined;
  const { sessionId } = room;
  // The room may hold another session by the time it is asked.
  const scene = () => (room.live && room.sessionId === sessionId ? room.scene : []);
  return {
    sessionId,
    roomId: room.facts.roomId,
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
    streams: () =>
      scene().flatMap(({ id, streams }) =>
        streams.map(({ kind, publication }) => ({ participantId: id, kind, publication })),
      ),
    activeSpeaker: () => room.activeSpeaker,
    expectObserver: (participantId) => room.expectObserver(participantId),
  };
}
