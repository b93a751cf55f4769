// The live side of the server: rooms that people are in, this node among the others, and the rooms of the API above both.
import type { Config } from '../config.ts';
import { planOf } from '../egress/plan.ts';
import { publicKeyHash } from '../http/certificate.ts';
import type { Outbound } from '../kit/outbound/outbound.ts';
import type { Logger } from '../log.ts';
import { LiveRooms } from '../rooms/live-rooms.ts';
import { Node } from '../rooms/node.ts';
import { Rooms } from '../rooms/rooms.ts';
import type { EgressStore } from '../store/egress-store.ts';
import { LiveStore } from '../store/live-store.ts';
import { NodeStore } from '../store/node-store.ts';
import { PresenceStore } from '../store/presence-store.ts';
import { RoomStore } from '../store/room-store.ts';
import { SessionStore } from '../store/session-store.ts';
import { TopicStore } from '../store/topic-store.ts';
import { type Admission, createAdmission } from './admission.ts';
import { type EgressParts, egressOnlooker, splitMailbox } from './egress.ts';
import type { Ground } from './ground.ts';
import type { Urls } from './listeners.ts';

export interface Meetings {
  liveRooms: LiveRooms;
  nodeStore: NodeStore;
  node: Node;
  rooms: Rooms;
  admission: Admission;
}

export function createMeetings(deps: {
  config: Config;
  ground: Ground;
  urls: Urls;
  tls: { cert: string } | undefined;
  outbound: Outbound;
  egressStore: EgressStore;
  /** Egress is built on what is built here, and asked once both are there. */
  egress: () => EgressParts;
  onDrainChanged: () => void;
  /** Longest key that the storage of recordings takes. */
  maxKeyBytes: number | undefined;
  log: Logger;
}): Meetings {
  const { config, ground, urls, tls, outbound, egressStore, egress, log } = deps;
  const { db, nodeId, mailbox, media } = ground;
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
    onlooker: egressOnlooker(egress, log),
    limits: config.limits,
    log: log.child({ part: 'rooms' }),
  });
  media.on('workerDied', ({ peers }) => liveRooms.mediaLost(peers));
  const nodeStore = new NodeStore(db);
  const node = new Node({
    id: nodeId,
    roles: config.roles,
    publicUrl: () => urls.public,
    certificate: tls && publicKeyHash(tls),
    egress: {
      hasBrowser: config.egress.browser !== undefined,
      freeSlots: () => egress().studio.freeSlots,
    },
    store: nodeStore,
    onDrainChanged: deps.onDrainChanged,
    mailbox: splitMailbox(mailbox, (command) => egress().egress.obey(command)),
    rooms: liveRooms,
    endLostSessions: (id, lastSeen) => liveStore.endLostSessions(id, lastSeen),
    log: log.child({ part: 'node', node: nodeId }),
  });
  const rooms = new Rooms({
    rooms: new RoomStore(db),
    sessions: new SessionStore(db),
    live: node,
    checkUrl: (url) => outbound.checkUrl(url),
    // What a room asks for is checked as a start by hand is, since a session that begins has nobody to refuse.
    checkAutoStart: ({ kind, request }) =>
      kind === 'composite' ||
      planOf(kind, request, (url, options) => outbound.checkUrl(url, options), deps.maxKeyBytes),
  });
  const admission = createAdmission({ access: ground.access, rooms, presence: new PresenceStore(db) });
  return { liveRooms, nodeStore, node, rooms, admission };
}
