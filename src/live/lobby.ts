// The way into a room: who may have an id, who has to ask for entry, and who decides.
import { duplicateParticipant, invalidPermissions, notFound, participantNotAllowed, roomFull } from '../errors.ts';
import { KeyedQueue } from '../kit/keyed-queue.ts';
import { within } from '../kit/timeout.ts';
import type { Limits } from '../limits.ts';
import type { Logger } from '../log.ts';
import { isObserverId } from '../protocol/ids.ts';
import { LEAVE_REASONS } from '../protocol/signaling.ts';
import type { ParticipantLink } from './link.ts';
import type { PeerMedia } from './media-plane.ts';
import type { Observers } from './observers.ts';
import { type Claim, Participant } from './participant.ts';
import type { JoinGrant, LiveStore } from './ports.ts';
import type { Roster } from './roster.ts';

/** How long a lost connection may take to come back: the SDK tries after 2.5 to 5 s, then every 5 s. */
export const RECONNECT_GRACE_MS = 15_000;
/** How long a connection may take to answer before it counts as dead. */
const PING_TIMEOUT_MS = 2_000;
/** By how much later than after the grace period the store decides that a participant has left. */
const DEPARTURE_SLACK_MS = 3_000;

export type Decision = 'allowed' | 'denied';

/** A client that enters. */
export interface Entry {
  link: ParticipantLink;
  id: string;
  name: string;
  grant: JoinGrant;
  token: string;
  /** What our own client got with its last join. */
  reconnectSecret?: string | undefined;
  /** Comes along when the client switches rooms. */
  media?: PeerMedia;
  switchingRoomId?: string;
}

export interface LobbyDeps {
  roster: Roster;
  observers: Pick<Observers, 'isExpected'>;
  limits: Pick<Limits, 'participants' | 'entryRequests'>;
  spans: Pick<LiveStore, 'openSpan' | 'closeSpan'>;
  openPeer: () => PeerMedia;
  /** The session that participants are let into. */
  sessionId: () => string;
  log: Logger;
}

export class Lobby {
  readonly #deps: LobbyDeps;
  readonly #roster: Roster;
  /** Clients that enter under the same id take turns. */
  readonly #turns = new KeyedQueue();

  constructor(deps: LobbyDeps) {
    this.#deps = deps;
    this.#roster = deps.roster;
  }

  /**
   * Admits a client, or lets it ask those who may decide. An id is held by one connection: a client that enters under an
   * id in use has to show that the id is its own (see `#claim`).
   */
  async enter(entry: Entry): Promise<Participant> {
    for (;;) {
      const entered = await this.#turns.run(entry.id, async () => {
        const claim = await this.#claim(entry);
        return typeof claim === 'string' ? this.#admit(entry, claim) : claim;
      });
      if (entered instanceof Participant) return entered;
      // Outside of the queue: the holder that it waits for has to get in.
      await departureOf(entered.after);
    }
  }

  /** A participant whose token allows entry decides on a client that asks for it. */
  decide(by: Participant, id: string, decision: Decision): void {
    if (by.grant.entry !== 'allowed') {
      throw invalidPermissions('Only participants whose token has allow_join may decide on who enters.');
    }
    const asking = [...this.#roster.asking].filter((participant) => participant.id === id);
    if (asking.length === 0) throw notFound('Entry request of', id);
    for (const participant of asking) {
      if (decision === 'allowed') this.#roster.admit(participant);
      else this.#roster.remove(participant);
      this.sendDecision(participant, decision);
    }
    this.#roster.notify({ method: 'entryResponded', id, decision, sessionId: this.#deps.sessionId() });
  }

  /** Notifies a client that asked for entry of the decision. */
  sendDecision({ id, link, switchingRoomId }: Participant, decision: Decision): void {
    link.notify({
      method: 'entryResponded',
      id,
      decision,
      sessionId: this.#deps.sessionId(),
      ...(switchingRoomId !== undefined && { switchingRoomId }),
    });
  }

  /** Notifies a participant who may decide of all who ask for entry. */
  sendRequests(participant: Participant): void {
    if (participant.grant.entry !== 'allowed' || participant.hidden) return;
    for (const { id, name } of this.#roster.asking) participant.link.notify({ method: 'entryRequested', id, name });
  }

  #admit(entry: Entry, claim: Claim): Participant {
    const { id, grant } = entry;
    const { spans, openPeer, log } = this.#deps;
    const hidden = isObserverId(id);
    const holders = this.#roster.holdersOf(id);
    // A participant who was let in before and lost the connection does not ask again.
    const wasAdmitted = claim === 'back' && holders.some((it) => this.#roster.isAdmitted(it));
    const asks = !hidden && grant.entry === 'ask' && !wasAdmitted;
    this.#requirePlace(id, holders, asks);
    for (const holder of holders) if (!this.#roster.isJoined(holder)) this.#displace(holder);
    const media = entry.media ?? openPeer();
    const participant = new Participant({ ...entry, media, hidden, claim, replaces: new Set(holders), spans, log });
    if (asks) this.#ask(participant);
    else this.#roster.admit(participant);
    return participant;
  }

  #ask(participant: Participant): void {
    this.#roster.ask(participant);
    const { id, name } = participant;
    for (const decider of this.#roster.deciders) decider.link.notify({ method: 'entryRequested', id, name });
  }

  /**
   * By what right a client takes an id. A token that names it is one. Without it, a holder keeps the id while its
   * connection answers or may still come back; a client is the same one if it shows the secret of its last join, or the
   * same token while the old connection is dead. A token alone is not enough: apps give one to many people. Returns the
   * holder to wait for while it is not decided whether its lost connection comes back.
   */
  async #claim({ id, token, grant, reconnectSecret }: Entry): Promise<Claim | { after: Participant }> {
    if (isObserverId(id)) return 'free';
    const isNamed = grant.participantId === id;
    const [holder] = this.#roster.holdersOf(id);
    if (!holder) return isNamed ? 'named' : 'free';
    const isSame = holder.token === token;
    if (reconnectSecret === holder.reconnectSecret) return 'back';
    if (isNamed) return isSame || !holder.connected ? 'back' : 'named';
    if (holder.isNamed) throw duplicateParticipant(id);
    if (holder.connected && (await holder.link.isAlive(PING_TIMEOUT_MS))) throw duplicateParticipant(id);
    if (isSame) return 'back';
    // A page that was closed does not come back; it is loaded again, often with a new token.
    return holder.link.wentAway ? 'free' : { after: holder };
  }

  /** A client that has not joined yet gives way to one with the better right to the id. */
  #displace(participant: Participant): void {
    this.#roster.remove(participant);
    participant.media.close();
    participant.link.close(LEAVE_REASONS.DUPLICATE_PARTICIPANT);
    participant.depart();
  }

  #requirePlace(id: string, holders: readonly Participant[], asks: boolean): void {
    if (isObserverId(id)) {
      if (this.#deps.observers.isExpected(id)) return;
      throw participantNotAllowed('The recording that this participant id was made for is over.');
    }
    const { participants, entryRequests } = this.#deps.limits;
    const { asking, admitted, size } = this.#roster;
    // The holders of the id make room.
    const holdersAsking = holders.filter((it) => asking.has(it)).length;
    const othersAsking = asking.size - holdersAsking;
    const othersInside = size + admitted.size - (holders.length - holdersAsking);
    if (asks ? othersAsking >= entryRequests : othersInside >= participants) throw roomFull();
  }
}

/** Waits until a lost connection is back or given up. */
async function departureOf(holder: Participant): Promise<void> {
  const timeoutMs = RECONNECT_GRACE_MS + DEPARTURE_SLACK_MS;
  if ((await within(holder.departed, timeoutMs, { ref: false })) === 'late') throw duplicateParticipant(holder.id);
}
