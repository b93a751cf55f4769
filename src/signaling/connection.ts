// The state of one client's connection: the room it is for, and its participant there.
import { badRequest, joinTimeout } from '../errors.ts';
import { SerialQueue } from '../kit/serial-queue.ts';
import type { LiveRoom } from '../live/live-room.ts';
import type { Participant } from '../live/participant.ts';
import type { JoinGrant, RoomFacts } from '../live/ports.ts';
import type { Logger } from '../log.ts';
import type { EgressKind } from '../protocol/egress.ts';
import { LEAVE_REASONS, type LeaveReason, leaveReason, type Mode } from '../protocol/signaling.ts';
import type { ClientSocket } from './adapter.ts';

/** What handlers need besides the connection itself. */
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
    start(room: LiveRoom, kind: EgressKind, options: unknown): Promise<void>;
    stop(room: LiveRoom, kind: EgressKind): Promise<void>;
  };
  rtpCapabilities(): unknown;
}

export class Connection {
  readonly link: ClientSocket;
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
  /** The room that the client switches to, and its participant there. */
  #switching: { room: LiveRoom; participant: Participant } | undefined;
  /** Entering and leaving run one at a time: a connection is one participant, and none once it is gone. */
  readonly #entries = new SerialQueue();
  #isGone = false;
  readonly #joinMs: number;
  #joinTimer: NodeJS.Timeout | undefined;
  #leaveReason: LeaveReason | undefined;

  constructor(options: {
    link: ClientSocket;
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
      this.#mustBeConnected();
      const room = this.services.openRoom(this.#facts);
      const { link, peerId: id, grant } = this;
      const participant = await room.enter({ link, id, name, grant, token: this.#token, reconnectSecret });
      this.#room = room;
      this.#participant = participant;
      this.#expectJoin(room, participant);
      return { room, participant };
    });
  }

  /** Asks for entry to another room; joining it completes the switch. */
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
      this.#mustBeConnected();
      const { link } = this;
      const token = to.secret ?? '';
      const entry = { link, id: to.id, name, grant, token, media, switchingRoomId: to.meetingId };
      const participant = await room.enter(entry);
      this.#switching = { room, participant };
      return this.#switching;
    });
  }

  /** The room that the client switches to, and its participant there. */
  get switching(): { room: LiveRoom; participant: Participant } | undefined {
    return this.#switching;
  }

  get room(): LiveRoom {
    if (!this.#room) throw badRequest('NOT_ADMITTED', 'Ask for entry first.');
    return this.#room;
  }

  /** The client's participant, once it is admitted. */
  get participant(): Participant {
    if (!this.#participant || !this.room.isAdmitted(this.#participant)) {
      throw badRequest('NOT_ADMITTED', 'Ask for entry first, and wait to be let in.');
    }
    return this.#participant;
  }

  /** The same, for requests that need a joined participant. */
  get joined(): Participant {
    const { participant } = this;
    if (!this.room.isJoined(participant)) throw badRequest('NOT_JOINED', 'Join the meeting first.');
    return participant;
  }

  /** Becomes the participant of the other room, and leaves the present one. */
  async completeSwitch(): Promise<void> {
    const switching = this.#switching;
    const [room, participant] = [this.#room, this.#participant];
    if (!switching || !room || !participant) return;
    this.#room = switching.room;
    this.#participant = switching.participant;
    this.#switching = undefined;
    await room.leave(participant, LEAVE_REASONS.SWITCH_ROOM, new Date(), true);
  }

  /** Why the client is about to leave. */
  defineLeaveReason(key: string): void {
    this.#leaveReason = leaveReason(key);
  }

  /** The client left without a reason. */
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

  /** Closes the connection of a client that was admitted and has not joined in time. */
  #expectJoin(room: LiveRoom, participant: Participant): void {
    clearTimeout(this.#joinTimer);
    if (this.#isGone || room.isJoined(participant)) return;
    const wasAdmitted = room.isAdmitted(participant);
    this.#joinTimer = setTimeout(() => {
      if (!wasAdmitted || room.isJoined(participant)) return this.#expectJoin(room, participant);
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

  #mustBeConnected(): void {
    if (this.#isGone) throw badRequest('CONNECTION_GONE', 'The connection is gone.');
  }
}
