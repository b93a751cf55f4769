// What participants change about themselves and each other: mode, name, pins, devices, other rooms, removal.
import { invalidPermissions } from '../errors.ts';
import { LEAVE_REASONS, type LeaveReason, type Mode, type PinState } from '../protocol/signaling.ts';
import type { Participant } from './participant.ts';
import type { LiveStore } from './ports.ts';
import type { Roster } from './roster.ts';

export type DeviceRequest = 'enableMic' | 'disableMic' | 'enableWebcam' | 'disableWebcam';

export interface ModerationDeps {
  roster: Roster;
  store: Pick<LiveStore, 'changeMode' | 'rename'>;
  leave: (participant: Participant, reason: LeaveReason) => Promise<void>;
  endSession: () => Promise<void>;
  /** What a participant sends, is called or is pinned has changed. */
  onChanged: () => void;
}

export class Moderation {
  readonly #deps: ModerationDeps;
  readonly #roster: Roster;

  constructor(deps: ModerationDeps) {
    this.#deps = deps;
    this.#roster = deps.roster;
  }

  async changeMode(participant: Participant, mode: Mode): Promise<void> {
    this.#roster.requireJoined(participant);
    if (mode === participant.mode) return;
    if (!participant.hidden) await this.#deps.store.changeMode(participant.row, mode, new Date());
    participant.mode = mode;
    // The client drops what the new mode has no use for without a request, so that is done here.
    if (mode !== 'SEND_AND_RECV') participant.media.closeSending();
    if (mode === 'SIGNALLING_ONLY') {
      participant.receiver.stop();
      participant.media.closeReceiving();
    }
    if (participant.hidden) return;
    this.#roster.notify({ method: 'peerModeChanged', peerId: participant.id, mode });
    this.#deps.onChanged();
  }

  async rename(participant: Participant, displayName: string): Promise<void> {
    this.#roster.requireJoined(participant);
    const { id: peerId, name: oldDisplayName } = participant;
    if (!participant.hidden) await this.#deps.store.rename(participant.row, displayName);
    participant.name = displayName;
    if (participant.hidden) return;
    this.#roster.notify({ method: 'peerDisplayNameChanged', peerId, displayName, oldDisplayName });
    this.#deps.onChanged();
  }

  pin(by: Participant, peerId: string, state: PinState): void {
    const pinned = this.#roster.require(peerId);
    pinned.pin = state;
    this.#deps.onChanged();
    for (const participant of this.#roster.audience) sendPin(participant, pinned, by.id);
  }

  /** Sends a participant who has just joined the pin of one of the others. */
  sendPinOf(other: Participant, participant: Participant): void {
    if (other.pin.cam || other.pin.share) sendPin(participant, other, other.id);
  }

  /** Asks a client to turn its microphone or camera on or off. */
  requestDevice(by: Participant, peerId: string, request: DeviceRequest): void {
    this.requireModerator(by);
    const { link, log } = this.#roster.require(peerId);
    link
      .request(request, { peerId: by.id })
      .catch((error) => log.debug({ err: error, request }, 'device request failed'));
  }

  /** Asks a client to switch to another room; its app decides. */
  requestSwitch(
    by: Participant,
    peerId: string,
    to: { roomId: string; payload: unknown; token: string | undefined },
  ): void {
    this.requireModerator(by);
    const { link, log } = this.#roster.require(peerId);
    link
      .request('switchRoom', { ...to, peerId: by.id })
      .catch((error) => log.debug({ err: error }, 'switch request failed'));
  }

  async remove(by: Participant | 'api', peerId: string): Promise<void> {
    if (by !== 'api') this.requireModerator(by);
    const reason = by === 'api' ? LEAVE_REASONS.REMOVE_PEER_API : LEAVE_REASONS.REMOVE_PEER;
    const participant = this.#roster.require(peerId);
    await this.#deps.leave(participant, reason);
    participant.link.close(reason);
  }

  async closeRoom(by: Participant): Promise<void> {
    this.requireModerator(by);
    await this.#deps.endSession();
  }

  /** Throws unless the participant has joined and may moderate. */
  requireModerator(participant: Participant): void {
    this.#roster.requireJoined(participant);
    if (!participant.grant.moderator) throw invalidPermissions('This takes a token with the permission allow_mod.');
  }
}

function sendPin(to: Participant, { id: peerId, pin: state }: Participant, pinnedBy: string): void {
  to.link
    .request('pinStateChanged', { peerId, state, pinnedBy })
    .catch((error) => to.log.debug({ err: error }, 'client did not take a pin'));
}
