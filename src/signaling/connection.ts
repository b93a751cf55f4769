// One client's connection: which room it is for, and who it became there.
import { badRequest, joinTimeout } from '../errors.ts';
import { SerialQueue } from '../kit/serial-queue.ts';
import type { Logger } from '../log.ts';
import type { EgressKind } from '../protocol/egress.ts';
import { LEAVE_REASONS, type LeaveReason, leaveReason, type Mode } from '../protocol/signaling.ts';
import type { LiveRoom } from '../rooms/live-room.ts';
import type { Participant } from '../rooms/participant.ts';
import type { JoinGrant, RoomFacts } from '../rooms/ports.ts';
import type { SocketLink } from './link.ts';

/** What handlers need beside the connection itself. */
export interface SignalingServices {
  /** Checks a token for the room of one of several names; throws the documented refusals. */
  admit(
    token: string | undefined,
    rooms: readonly string[],
    participantId: string,
  ): Promise<{ facts: RoomFacts; grant: JoinGrant }>;
  openRoom(facts: RoomFacts): LiveRoom;
  /** Recordings, HLS streams and livestreams of a meeting. */
  egress: {
    start(room: LiveRoom, kind: EgressKind, wish: unknown): Promise<void>;
    stop(room: LiveRoom, kind: EgressKind): Promise<void>;
  };
  rtpCapabilities(): unknown;
  /** The address of the pub/sub socket for somebody who has joined. */
  pubsubUrl(room: LiveRoom, participant: Participant): string;
}

export class Connection {
  readonly link: SocketLink;
  readonly services: SignalingServices;
  readonly peerId: string;
  readonly grant: JoinGrant;
  readonly log: Logger;
  readonly #facts: RoomFacts;
  readonly #token: string;
  /** The mode that the address of the socket names; `join` may name another. */
  readonly mode: Mode;
  #room: LiveRoom | undefined;
  #participant: Participant | undefined;
  /** Who it is going to be in the room that it switches to. */
  #switching: { room: LiveRoom; participant: Participant } | undefined;
  /** Entering and leaving run one at a time: a connection is one participant, and none once it is gone. */
  readonly #entries = new SerialQueue();
  #isGone = false;
  readonly #joinMs: number;
  #joinTimer: NodeJS.Timeout | undefined;
  #leaveReason: LeaveReason | undefined;

  constructor(options: {
    link: SocketLink;
    services: SignalingServices;
    peerId: string;
    facts: RoomFacts;
    grant: JoinGrant;
    token: string;
    mode: Mode;
    joinMs: number;
    log: Logger;
  }) {
    this.link = options.link;
    this.services = options.services;
    this.peerId = options.peerId;
    this.grant = options.grant;
    this.mode = options.mode;
    this.#joinMs = options.joinMs;
    this.log = options.log;
    this.#facts = options.facts;
    this.#token = options.token;
  }

  /** Asks for entry; a client that asks again (it was denied, or its connection was renewed) starts over. */
  enter(name: string, reconnectSecret?: string): Promise<{ room: LiveRoom; participant: Participant }> {
    return this.#entries.run(async () => {
      if (this.#participant && this.#room)
        await this.#room.leave(this.#participant, LEAVE_REASONS.WEBSOCKET_DISCONNECTED);
      this.#room = undefined;
      this.#participant = undefined;
      this.#mustBeThere();
      const room = this.services.openRoom(this.#facts);
      const { link, peerId: id, grant } = this;
      const participant = await room.enter({ link, id, name, grant, token: this.#token, reconnectSecret });
      this.#room = room;
      this.#participant = participant;
      this.#expectJoin(room, participant);
      return { room, participant };
    });
  }

  /** Asks for entry to another room, which it goes to by joining it. */
  switchTo(to: { meetingId: string; id: string; secret: string | undefined }): Promise<{
    room: LiveRoom;
    participant: Participant;
  }> {
    return this.#entries.run(async () => {
      const { name, media } = this.joined;
      const { facts, grant } = await this.services.admit(to.secret, [to.meetingId], to.id);
      const room = this.services.openRoom(facts);
      if (room === this.room) throw badRequest('SAME_ROOM', 'This is the meeting the participant is in.');
      await this.#abandonSwitch();
      this.#mustBeThere();
      const { link } = this;
      const token = to.secret ?? '';
      const entry = { link, id: to.id, name, grant, token, media, switchingRoomId: to.meetingId };
      const participant = await room.enter(entry);
      this.#switching = { room, participant };
      return this.#switching;
    });
  }

  /** The room that it is going to, and who it will be there. */
  get switching(): { room: LiveRoom; participant: Participant } | undefined {
    return this.#switching;
  }

  get room(): LiveRoom {
    if (!this.#room) throw badRequest('NOT_ADMITTED', 'Ask for entry first.');
    return this.#room;
  }

  /** Who the client is, once it has been let in. */
  get participant(): Participant {
    if (!this.#participant || !this.room.isAdmitted(this.#participant)) {
      throw badRequest('NOT_ADMITTED', 'Ask for entry first, and wait to be let in.');
    }
    return this.#participant;
  }

  /** The same, for what only takes place in the meeting. */
  get joined(): Participant {
    const { participant } = this;
    if (!this.room.isJoined(participant)) throw badRequest('NOT_JOINED', 'Join the meeting first.');
    return participant;
  }

  /** Becomes who it is in the room that it switched to, and leaves the other. */
  async completeSwitch(): Promise<void> {
    const switching = this.#switching;
    const [room, participant] = [this.#room, this.#participant];
    if (!switching || !room || !participant) return;
    this.#room = switching.room;
    this.#participant = switching.participant;
    this.#switching = undefined;
    await room.leave(participant, LEAVE_REASONS.SWITCH_ROOM, new Date(), true);
  }

  /** Why it leaves, as it says first. */
  defineLeaveReason(key: string): void {
    this.#leaveReason = leaveReason(key);
  }

  /** It left without saying why. */
  hungUp(): void {
    this.#leaveReason ??= LEAVE_REASONS.MANUAL_LEAVE_CALLED;
  }

  /** The socket is gone: a client that said why has left, another may come back. */
  disconnected(): Promise<void> {
    this.#isGone = true;
    clearTimeout(this.#joinTimer);
    return this.#entries.run(async () => {
      await this.#abandonSwitch();
      const [room, participant] = [this.#room, this.#participant];
      if (!room || !participant) return;
      if (this.#leaveReason) await room.leave(participant, this.#leaveReason);
      else await room.disconnected(participant);
    });
  }

  /** Sends a client away that is let in now, and has not joined when the time for that is over. */
  #expectJoin(room: LiveRoom, participant: Participant): void {
    clearTimeout(this.#joinTimer);
    if (this.#isGone || room.isJoined(participant)) return;
    const wasLetIn = room.isAdmitted(participant);
    this.#joinTimer = setTimeout(() => {
      if (!wasLetIn || room.isJoined(participant)) return this.#expectJoin(room, participant);
      const { signalingCode, message } = joinTimeout(participant.id);
      this.link.notify({ method: 'error', code: signalingCode, message });
      this.link.close({ code: LEAVE_REASONS.JOIN_ROOM_FAILED.code, message });
    }, this.#joinMs);
  }

  async #abandonSwitch(): Promise<void> {
    const switching = this.#switching;
    this.#switching = undefined;
    await switching?.room.leave(switching.participant, LEAVE_REASONS.SWITCH_ROOM_FAILED, new Date(), true);
  }

  #mustBeThere(): void {
    if (this.#isGone) throw badRequest('CONNECTION_GONE', 'The connection is gone.');
  }
}
