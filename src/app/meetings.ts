// The live side of the server: rooms that people are in, this node among the others, and the rooms of the API above both.
import { Node } from '../cluster/node.ts';
import type { Config } from '../config/config.ts';
import { planOf } from '../egress/plan.ts';
import { publicKeyHash } from '../http/certificate.ts';
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
import { type EgressParts, egressObserver, splitMailbox } from './egress.ts';
import type { Infrastructure } from './infrastructure.ts';
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
  infrastructure: Infrastructure;
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
  const { config, infrastructure, urls, tls, outbound, egressStore, egress, log } = deps;
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
    sessionObserver: egressObserver(egress, log),
    limits: config.limits,
    log: log.child({ part: 'rooms' }),
  });
  media.on('workerDied', ({ peers }) => liveRooms.mediaLost(peers));
  const nodeStore = new NodeStore(db);
  const commands = new SessionCommands({
    nodeId,
    owners: nodeStore,
    mailbox: splitMailbox(mailbox, (command) => egress().egress.handleCommand(command)),
    rooms: liveRooms,
    log: log.child({ part: 'sessions' }),
  });
  const node = new Node({
    node: {
      id: nodeId,
      publicUrl: urls.public,
      roles: config.roles,
      hasBrowser: config.egress.browser !== undefined,
      certificate: tls && publicKeyHash(tls),
    },
    membership: nodeStore,
    load: () => ({ people: liveRooms.counts.participants, freeSlots: egress().runner.freeSlots }),
    takeJobs: () => commands.receive(),
    endOwnSessions: () => liveRooms.endAll('node-stopped'),
    endLostSessions: (id, lastSeen) => liveStore.endLostSessions(id, lastSeen),
    onDrainChanged: deps.onDrainChanged,
    log: log.child({ part: 'node', node: nodeId }),
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
  return { liveRooms, nodeStore, node, rooms, admission };
}
