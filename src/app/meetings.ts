// The live side of the server: rooms that people are in, and the rooms of the API above them. It knows nothing of
// recordings and streams, which are built on it.
import type { Config } from '../config/config.ts';
import { planOf } from '../egress/plan.ts';
import type { Outbound } from '../kit/outbound/outbound.ts';
import { LiveRooms } from '../live/live-rooms.ts';
import { SessionCommands } from '../live/session-commands.ts';
import type { Logger } from '../log.ts';
import { Rooms } from '../rooms/rooms.ts';
import { NodeStore } from '../store/cluster/node-store.ts';
import type { EgressStore } from '../store/egress/egress-store.ts';
import { LiveStore } from '../store/live/live-store.ts';
import { PresenceStore } from '../store/live/presence-store.ts';
import { TopicStore } from '../store/live/topic-store.ts';
import { RoomStore } from '../store/rooms/room-store.ts';
import { SessionStore } from '../store/rooms/session-store.ts';
import { type Admission, createAdmission } from './admission.ts';
import type { Infrastructure } from './infrastructure.ts';

export interface Meetings {
  liveRooms: LiveRooms;
  nodeStore: NodeStore;
  liveStore: LiveStore;
  commands: SessionCommands;
  rooms: Rooms;
  admission: Admission;
}

export function createMeetings(deps: {
  config: Config;
  infrastructure: Infrastructure;
  outbound: Outbound;
  egressStore: EgressStore;
  /** Longest key that the storage of recordings takes. */
  maxKeyBytes: number | undefined;
  log: Logger;
}): Meetings {
  const { config, infrastructure, outbound, egressStore, log } = deps;
  const { db, nodeId, mailbox, media } = infrastructure;
  const liveStore = new LiveStore({
    db,
    nodeId,
    send: (tx, job, startAt) => mailbox.send(nodeId, job, { tx, startAt }),
    onSessionEnd: (tx, sessionId, at) => egressStore.sessionEnds(tx, sessionId, at),
  });
  const liveRooms = new LiveRooms({
    store: liveStore,
    topicStore: new TopicStore(db),
    media,
    limits: config.limits,
    log: log.child({ part: 'rooms' }),
  });
  media.on('workerDied', ({ peers }) => liveRooms.mediaLost(peers));
  const nodeStore = new NodeStore(db);
  const commands = new SessionCommands({
    nodeId,
    owners: nodeStore,
    mailbox,
    rooms: liveRooms,
    log: log.child({ part: 'sessions' }),
  });
  const rooms = new Rooms({
    rooms: new RoomStore(db),
    sessions: new SessionStore(db),
    live: commands,
    checkUrl: (url) => outbound.checkUrl(url),
    // What a room asks for is checked as a start by hand is, since a session that begins has nobody to refuse.
    checkAutoStart: ({ kind, request }) =>
      kind === 'composite' ||
      planOf(kind, request, (url, options) => outbound.checkUrl(url, options), deps.maxKeyBytes),
  });
  const admission = createAdmission({ access: infrastructure.access, rooms, presence: new PresenceStore(db) });
  return { liveRooms, liveStore, nodeStore, commands, rooms, admission };
}
