// Who receives which stream: streams and data channels that a participant sends are offered to all others.
import { badRequest, refused } from '../errors.ts';
import { inBackground } from '../kit/in-background.ts';
import { within } from '../kit/timeout.ts';
import type { Notification, StreamKind } from '../protocol/signaling.ts';
import type { DataPublication, MediaPlane, PeerMedia, Publication, RoomMedia } from './media-plane.ts';
import type { Participant } from './participant.ts';
import type { MediaSpanKind } from './ports.ts';
import type { RequestedKind } from './receiver.ts';
import type { Roster } from './roster.ts';
import { streamKind } from './stream-kind.ts';

/** How long a new data channel waits for its receivers. */
const DATA_READY_TIMEOUT_MS = 2_000;

const SPAN_OF: Record<StreamKind, MediaSpanKind> = {
  audio: 'mic',
  video: 'webcam',
  share: 'screenShare',
  shareAudio: 'screenShareAudio',
};

export interface ForwardingDeps {
  roster: Roster;
  media: MediaPlane;
  /** What participants send has changed. */
  onChanged: () => void;
  /** Another participant speaks, or nobody does. */
  onSpeaker: (participantId: string | null) => void;
}

export class Forwarding {
  readonly #deps: ForwardingDeps;
  readonly #roster: Roster;
  #roomMedia: RoomMedia | undefined;
  /** Who speaks now: sent when it changes, and to participants who join while it does not. */
  #speaker: Participant | undefined;

  constructor(deps: ForwardingDeps) {
    this.#deps = deps;
    this.#roster = deps.roster;
  }

  get activeSpeaker(): string | null {
    return this.#speaker?.id ?? null;
  }

  openPeer(): PeerMedia {
    return this.#media().openPeer();
  }

  /** Sends a stream; it is offered to all others. Returns the id of its producer. */
  async publish(participant: Participant, options: Parameters<PeerMedia['publish']>[0]): Promise<string> {
    this.#roster.requireJoined(participant);
    if (participant.hidden) throw badRequest('NOT_SENDING', 'A recorder sends nothing into the meeting.');
    if (participant.mode !== 'SEND_AND_RECV') {
      throw badRequest('NOT_SENDING', `Mode ${participant.mode} does not send; change to SEND_AND_RECV first.`);
    }
    const publication = await participant.media.publish(options);
    publication.producer.on('score', (score) => {
      participant.link.notify({ method: 'producerScore', producerId: publication.producer.id, score });
    });
    await this.#forward(participant, publication);
    return publication.producer.id;
  }

  async publishData(participant: Participant, options: Parameters<PeerMedia['publishData']>[0]): Promise<string> {
    this.#roster.requireJoined(participant);
    const publication = await participant.media.publishData(options);
    // The client may send once it has its answer, and what is sent before the others can receive is lost. One slow
    // receiver does not hold it up for long.
    await within(this.#forwardData(participant, publication), DATA_READY_TIMEOUT_MS, { ref: false });
    return publication.producer.id;
  }

  closeProducer(participant: Participant, producerId: string): void {
    const publication = participant.media.producers.get(producerId);
    if (!publication) throw refused(404, 'PRODUCER_NOT_FOUND', 'This stream is not being sent.');
    publication.producer.close();
  }

  /** A participant that does not consume automatically requests the camera or microphone of another. */
  requestStream(participant: Participant, peerId: string, kind: RequestedKind): void {
    const from = this.#roster.require(peerId);
    participant.receiver.setRequested(peerId, kind, true);
    for (const publication of from.media.producers.values()) offer(participant, from, publication);
  }

  cancelRequest(participant: Participant, peerId: string, kind: RequestedKind): void {
    const from = this.#roster.require(peerId);
    participant.receiver.setRequested(peerId, kind, false);
    participant.receiver.stopReceiving(from, kind);
  }

  /** Offers all that a participant may receive and does not have yet: after joining, and after a change of mode. */
  offerAll(participant: Participant): void {
    if (!this.#roster.isJoined(participant)) return;
    participant.receiver.ready();
    for (const other of this.#roster.joined) {
      if (other === participant) continue;
      for (const publication of other.media.producers.values()) offer(participant, other, publication);
      for (const publication of other.media.dataProducers.values()) {
        inBackground(participant.log, 'a data channel', () => offerData(participant, other, publication));
      }
    }
  }

  /** Notifies a participant who has just joined of what one of the others sends. */
  sendMediaStates(participant: Participant, other: Participant): void {
    for (const publication of other.media.producers.values()) {
      participant.link.notify(mediaState(other, streamKind(publication), true));
    }
  }

  sendActiveSpeaker(participant: Participant): void {
    const speaker = this.#speaker;
    if (!speaker || speaker === participant || !this.#roster.isJoined(speaker)) return;
    participant.link.notify({ method: 'activeSpeaker', peerId: speaker.id });
  }

  /** A participant who switched rooms brings streams along: the others get them without a new `produce`. */
  forwardExisting(participant: Participant): void {
    const { media, log } = participant;
    for (const publication of media.producers.values()) {
      inBackground(log, 'a stream that came along', () => this.#forward(participant, publication));
    }
    for (const publication of media.dataProducers.values()) {
      inBackground(log, 'a data channel that came along', () => this.#forwardData(participant, publication));
    }
  }

  /** Stops streams in this room that a participant takes to another one; they are still being sent. */
  withdrawAll(participant: Participant): void {
    for (const publication of participant.media.producers.values()) {
      this.#roomMedia?.unobserve(publication);
      for (const other of this.#roster.audience) other.receiver.withdraw(publication.producer.id);
    }
    for (const publication of participant.media.dataProducers.values()) {
      for (const other of this.#roster.audience) other.receiver.withdrawData(publication.producer.id);
    }
  }

  sessionOver(): void {
    this.#speaker = undefined;
  }

  close(): void {
    this.#roomMedia?.close();
  }

  #media(): RoomMedia {
    if (!this.#roomMedia) {
      this.#roomMedia = this.#deps.media.openRoom();
      this.#roomMedia.on('activeSpeaker', (peer) => this.#speakerChanged(peer));
    }
    return this.#roomMedia;
  }

  #speakerChanged(peer: PeerMedia | null): void {
    this.#speaker = this.#roster.joined.find(({ media }) => media === peer);
    this.#roster.notify({ method: 'activeSpeaker', peerId: this.activeSpeaker });
    this.#deps.onSpeaker(this.activeSpeaker);
  }

  /** Offers a stream to all others, once its beginning is recorded; a stream that cannot be recorded is not sent. */
  async #forward(participant: Participant, publication: Publication): Promise<void> {
    const kind = streamKind(publication);
    // Whatever ends it (its transport, its worker, `closeProducer`), everybody is notified.
    publication.producer.observer.once('close', () => this.#ended(participant, publication));
    try {
      await participant.spans.open(participant.row, SPAN_OF[kind]);
    } catch (error) {
      publication.producer.close();
      throw error;
    }
    if (publication.producer.closed) {
      participant.spans.close(participant.row, SPAN_OF[kind]);
      return;
    }
    this.#roster.notify(mediaState(participant, kind, true));
    for (const other of this.#roster.audience) offer(other, participant, publication);
    if (kind === 'audio') {
      inBackground(participant.log, 'who speaks', () => this.#media().observe(participant.media, publication));
    }
    this.#deps.onChanged();
  }

  /** Settles when all others can receive it. */
  async #forwardData(participant: Participant, publication: DataPublication): Promise<void> {
    const others = this.#roster.audience.filter((other) => other !== participant);
    await Promise.all(others.map((other) => offerData(other, participant, publication)));
  }

  #ended(participant: Participant, publication: Publication): void {
    // It has left, with its streams or to take them to another room.
    if (!this.#roster.isJoined(participant)) return;
    const kind = streamKind(publication);
    for (const other of this.#roster.audience) other.receiver.withdraw(publication.producer.id);
    this.#roster.notify(mediaState(participant, kind, false));
    this.#deps.onChanged();
    // Leaving and losing the connection close the spans too.
    if (participant.leaving || !participant.connected) return;
    participant.spans.close(participant.row, SPAN_OF[kind]);
  }
}

function offer(to: Participant, from: Participant, publication: Publication): void {
  to.receiver
    .offer(from, publication)
    .catch((error) => to.log.warn({ err: error, from: from.id }, 'stream not offered'));
}

async function offerData(to: Participant, from: Participant, publication: DataPublication): Promise<void> {
  await to.receiver
    .offerData(from, publication)
    .catch((error) => to.log.debug({ err: error, from: from.id }, 'data not offered'));
}

function mediaState(participant: Participant, kind: StreamKind, newState: boolean): Notification {
  return { method: 'participantMediaStateChanged', peerId: participant.id, kind, newState };
}
