// All rooms that somebody is in on this node.
import { noLiveSession, tooManyLiveRooms } from '../errors.ts';
import { InFlight } from '../kit/in-flight.ts';
import type { Limits } from '../limits.ts';
import type { Logger } from '../log.ts';
import { LiveRoom } from './live-room.ts';
import type { MediaPlane, PeerMedia } from './media-plane.ts';
import type { Onlooker } from './onlooker.ts';
import type { EndReason, LiveStore, RoomFacts, TopicStore } from './ports.ts';

interface LiveRoomsOptions {
  store: LiveStore;
  topicStore: TopicStore;
  media: MediaPlane;
  onlooker?: Onlooker;
  limits: Limits;
  log: Logger;
}

export class LiveRooms {
  readonly #rooms = new Map<string, LiveRoom>();
  readonly #ofOwners: InFlight;
  readonly #options: LiveRoomsOptions;

  constructor(options: LiveRoomsOptions) {
    this.#options = options;
    this.#ofOwners = new InFlight({ perKey: options.limits.liveRooms });
  }

  /** The live room of a stored one, made when nobody is in it yet. */
  open(facts: RoomFacts): LiveRoom {
    const known = this.#rooms.get(facts.roomId);
    if (known) return known;
    if (this.#ofOwners.enter(facts.ownerId)) throw tooManyLiveRooms();
    const room: LiveRoom = new LiveRoom({
      ...this.#options,
      facts,
      onEmpty: () => {
        if (this.#rooms.get(facts.roomId) === room) this.#rooms.delete(facts.roomId);
        this.#ofOwners.leave(facts.ownerId);
      },
    });
    this.#rooms.set(facts.roomId, room);
    return room;
  }

  find(roomId: string): LiveRoom | undefined {
    return this.#rooms.get(roomId);
  }

  ofSession(sessionId: string): LiveRoom | undefined {
    for (const room of this.#rooms.values()) if (room.live && room.sessionId === sessionId) return room;
    return undefined;
  }

  /** Everybody who is in a session here, by row and media. */
  *present(): Generator<{ row: string; media: PeerMedia }> {
    for (const room of this.#rooms.values()) for (const { row, media } of room.present) yield { row, media };
  }

  /** Sessions and people here now. */
  get counts(): { sessions: number; participants: number } {
    let sessions = 0;
    let participants = 0;
    for (const room of this.#rooms.values()) {
      if (room.live) sessions += 1;
      participants += room.size;
    }
    return { sessions, participants };
  }

  async endSession(sessionId: string, reason: EndReason): Promise<void> {
    await this.ofSession(sessionId)?.end(reason);
  }

  async removeParticipant(sessionId: string, participantId: string): Promise<void> {
    const room = this.ofSession(sessionId);
    if (!room) throw noLiveSession(sessionId);
    await room.remove('api', participantId);
  }

  mediaLost(peers: readonly PeerMedia[]): void {
    const lost = new Set(peers);
    for (const room of this.#rooms.values()) room.mediaLost(lost);
  }

  /** Ends every session: the node is going down. */
  async endAll(reason: EndReason): Promise<void> {
    await Promise.all([...this.#rooms.values()].map((room) => room.end(reason)));
  }
}
