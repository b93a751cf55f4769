// One participant's stay in a meeting, from entering to leaving, through every reconnection. What the state becomes is
// decided in `reactions.ts`.
import { LEAVE_REASONS, type LeaveReason } from '../../../src/protocol/leave-reasons.ts';
import type { Notification, RequestData, RequestName, ServerRequests } from '../../../src/protocol/signaling.ts';
import { Discussion } from './discussion.ts';
import * as entrance from './entrance.ts';
import { ENTRY_DENIED, MeetingError, reasonOf, UNREACHABLE } from './failure.ts';
import { joinRequest } from './join-request.ts';
import { MediaLink } from './media-link.ts';
import type { MeetingOptions } from './meeting-options.ts';
import { INITIAL, type MeetingState, OUTPUT_REQUESTS, type OutputKind, withHand } from './meeting-state.ts';
import { Observable } from './observable.ts';
import { OwnStreams, withOwnDevices } from './own-streams.ts';
import { scoreIn } from './quality.ts';
import * as reactions from './reactions.ts';
import { ReceivedStreams } from './received-streams.ts';
import { SignalingSocket } from './signaling-socket.ts';

/** Between two sentences nobody stops being the one who speaks. */
const SPEECH_PAUSE_MS = 1_200;

export class Meeting {
  readonly state = new Observable<MeetingState>(INITIAL);
  readonly id: string;
  readonly name: string;
  readonly mayModerate: boolean;
  readonly mayAdmit: boolean;
  readonly mayInvite: boolean;
  /** Whether a link to a finished recording can be had. */
  readonly mayShareRecordings: boolean;
  readonly #options: MeetingOptions;
  readonly #media: MeetingOptions['media'];
  readonly #server: entrance.ServerLocation;
  readonly #discussion: Discussion;
  readonly #receivedStreams: ReceivedStreams;
  readonly #ownStreams: OwnStreams;
  #socket: SignalingSocket | undefined;
  #link: MediaLink | undefined;
  /** Counts connections: what belongs to an earlier one no longer counts. */
  #connection = 0;
  /** Shows the server, after a lost connection, that it is the same participant who comes back. */
  #reconnectSecret: string | undefined;
  #stopMedia: (() => void) | undefined;
  #silence: ReturnType<typeof setTimeout> | undefined;

  constructor(options: MeetingOptions) {
    const claims = entrance.claimsOf(options.token);
    this.#options = options;
    this.name = options.name;
    this.#media = options.media;
    this.#server = options.server ?? location;
    this.id = options.participantId ?? claims.participantId ?? entrance.newParticipantId();
    this.mayModerate = claims.mayModerate;
    this.mayAdmit = claims.mayJoinDirectly;
    this.mayInvite = claims.mayModerate && claims.mayCall;
    this.mayShareRecordings = this.mayInvite;
    this.#discussion = new Discussion(this.id, {
      chatReceived: (messages) => this.#change(reactions.chatReceived, messages),
      handsMoved: (messages) => this.#change(reactions.handsMoved, messages),
    });
    this.#receivedStreams = new ReceivedStreams(
      (method, data) => this.#request(method, data),
      (peerId, kind, stream) => this.#change(reactions.withStream, peerId, kind, stream),
    );
    this.#ownStreams = new OwnStreams(this.#media, {
      failed: async (notice, report) => {
        this.showNotice(notice);
        await this.#request('produceError', report).catch(() => undefined);
      },
      measured: (quality) => this.#change(reactions.withQuality, this.id, quality),
    });
  }

  /** Connects; what comes of it is in the state. */
  async enter(): Promise<void> {
    const { roomId, token } = this.#options;
    this.state.patch({ phase: 'connecting' });
    try {
      const host = await entrance.findSocketHost(this.#server, roomId, token);
      if (this.#has('left')) return;
      const origin = entrance.socketOrigin(host, this.#server);
      this.#socket = new SignalingSocket(
        { origin, roomId, peerId: this.id, token },
        {
          connected: () => void this.#requestEntry(),
          lost: () => this.#connectionLost(),
          gaveUp: () => this.#left(LEAVE_REASONS.WEBSOCKET_CONNECTION_ATTEMPTS_EXHAUSTED),
          notified: (it) => this.#notified(it),
          requested: (name, data) => this.#serve(name, data),
          closed: (reason) => this.#left(reason),
        },
      );
      this.#stopMedia = this.#media.state.subscribe(() => this.#devicesChanged());
    } catch (error) {
      this.#left(reasonOf(error));
    }
  }

  leave(): void {
    this.#socket?.leave();
    this.#left(LEAVE_REASONS.MANUAL_LEAVE_CALLED);
  }

  /** Ends the meeting for everybody; takes the permission to moderate. */
  async endForAll(): Promise<void> {
    await this.#request('closeRoom', {});
  }

  /** A link that lets others into this meeting. */
  invite(): Promise<string> {
    return entrance.makeInvite(this.#server, this.#options.roomId, this.#options.token);
  }

  sendMessage(text: string): Promise<void> {
    return this.#discussion.sendMessage(text);
  }

  async raiseHand(up: boolean): Promise<void> {
    this.state.patch({ hands: withHand(this.state.get().hands, this.id, up) });
    await this.#discussion.raiseHand(up);
  }

  async respondToEntryRequest(id: string, decision: 'allowed' | 'denied'): Promise<void> {
    this.#change(reactions.withoutEntryRequest, id);
    await this.#request('respondEntry', { id, decision });
  }

  async moderate(
    what: 'enablePeerMic' | 'disablePeerMic' | 'enablePeerWebcam' | 'disablePeerWebcam' | 'removePeer',
    peerId: string,
  ): Promise<void> {
    await this.#request(what, { peerId });
  }

  /** Does, or refuses, what a moderator asked for with `enablePeerMic` or `enablePeerWebcam`. */
  async answerDeviceRequest(accept: boolean): Promise<void> {
    const { deviceRequest } = this.state.get();
    this.state.patch({ deviceRequest: undefined });
    if (deviceRequest && accept) await this.#media.turn(deviceRequest.source, true);
  }

  /** Starts a recording, HLS stream or livestream, as the REST API would; resolves when the server has accepted it. */
  async startOutput(kind: OutputKind, options: Record<string, unknown>): Promise<void> {
    await this.#request(OUTPUT_REQUESTS[kind].start, options);
  }

  /** Stops all of a kind. */
  async stopOutput(kind: OutputKind): Promise<void> {
    await this.#request(OUTPUT_REQUESTS[kind].stop, {});
  }

  /** A link by which anybody can see a finished recording. */
  recordingLink(id: string): Promise<string> {
    return entrance.findRecording(this.#server, id, this.#options.token);
  }

  /** Reports how large a participant's picture is shown, in device pixels; undefined for one that is not seen. */
  setViewSize(id: string, kind: 'video' | 'share', size: { width: number; height: number } | undefined): void {
    this.#receivedStreams.setViewSize(id, kind, size);
  }

  showNotice(text: string): void {
    this.#change(reactions.withNotice, text);
  }

  async #requestEntry(): Promise<void> {
    this.#connection += 1;
    const connection = this.#connection;
    try {
      const reconnectSecret = this.#reconnectSecret;
      await this.#request('requestEntry', {
        name: this.name,
        ...(reconnectSecret !== undefined && { reconnectSecret }),
      });
      const undecided = this.#has('connecting') || this.#has('reconnecting');
      if (connection === this.#connection && undecided && !this.mayAdmit) this.state.patch({ phase: 'waiting' });
    } catch (error) {
      if (connection === this.#connection) this.#left(reasonOf(error));
    }
  }

  async #join(): Promise<void> {
    const connection = this.#connection;
    const isOver = () => connection !== this.#connection || this.#has('left');
    if (this.#has('waiting')) this.state.patch({ phase: 'connecting' });
    const { handler, receives = true } = this.#options;
    let link: MediaLink | undefined;
    try {
      link = await MediaLink.open((method, data) => this.#request(method, data), { handler, receives });
      if (isOver()) return link.close();
      // Streams may be offered as soon as the server has accepted the join.
      this.#link = link;
      this.#receivedStreams.start(link);
      const answer = await this.#request('join', joinRequest(this.name, link.receivable, receives));
      if (isOver()) return link.close();
      this.#reconnectSecret = answer.reconnectSecret;
      this.#change(reactions.joined, { id: this.id, name: this.name }, answer.peers);
      if (answer.pubSubUrl) this.#discussion.open(entrance.socketUrl(answer.pubSubUrl, this.#server));
      this.#change(withOwnDevices, this.id, this.#media.state.get());
      this.#ownStreams.start(link);
    } catch (error) {
      link?.close();
      if (connection === this.#connection) this.#left(reasonOf(error));
    }
  }

  /** Everything of the lost connection is void; the socket comes back with `connected`. */
  #connectionLost(): void {
    if (this.#has('left')) return;
    this.#connection += 1;
    this.#dropLink();
    this.#discussion.close();
    this.#change(reactions.connectionLost);
  }

  #dropLink(): void {
    this.#ownStreams.stop();
    this.#receivedStreams.stop();
    this.#link?.close();
    this.#link = undefined;
  }

  #left(reason: LeaveReason): void {
    if (this.#has('left')) return;
    this.#connection += 1;
    this.#change(reactions.left, reason);
    this.#stopMedia?.();
    clearTimeout(this.#silence);
    this.#receivedStreams.close();
    this.#discussion.close();
    this.#dropLink();
    this.#socket?.close();
  }

  #devicesChanged(): void {
    this.#change(withOwnDevices, this.id, this.#media.state.get());
    this.#ownStreams.sync();
  }

  async #serve<N extends keyof ServerRequests>(name: N, data: ServerRequests[N]): Promise<void> {
    switch (name) {
      case 'newConsumer':
        return this.#receivedStreams.accept(data as ServerRequests['newConsumer']);
      case 'disableMic':
        return this.#media.turn('mic', false);
      case 'disableWebcam':
        return this.#media.turn('camera', false);
      case 'enableMic':
      case 'enableWebcam':
        return this.#change(
          reactions.deviceRequested,
          name === 'enableMic' ? 'mic' : 'camera',
          (data as { peerId: string }).peerId,
        );
      case 'pinStateChanged':
        return this.#change(reactions.pinned, data as ServerRequests['pinStateChanged']);
      default:
        throw new Error(`This client has no use for ${name}.`);
    }
  }

  #notified(notification: Notification): void {
    const act = this.#actions[notification.method] as ((it: Notification) => void) | undefined;
    act?.(notification);
    this.state.set(reactions.afterNotification(this.state.get(), notification, { ownId: this.id, now: new Date() }));
  }

  /** What notifications do beside changing the state. */
  readonly #actions: { [M in Notification['method']]?: (it: reactions.NotificationOf<M>) => void } = {
    entryResponded: ({ id, decision }) => {
      if (id !== this.id) return;
      if (decision === 'allowed') void this.#join();
      else this.#left(ENTRY_DENIED);
    },
    consumerClosed: ({ consumerId }) => this.#receivedStreams.closed(consumerId),
    consumerPaused: ({ consumerId }) => this.#receivedStreams.paused(consumerId),
    consumerResumed: ({ consumerId }) => this.#receivedStreams.resumed(consumerId),
    producerScore: ({ score }) => {
      this.#ownStreams.score = scoreIn(score);
    },
    activeSpeaker: ({ peerId }) => {
      clearTimeout(this.#silence);
      if (peerId === null) this.#silence = setTimeout(() => this.#change(reactions.withoutSpeaker), SPEECH_PAUSE_MS);
    },
  };

  #request<N extends RequestName>(method: N, data: RequestData<N>) {
    if (!this.#socket) return Promise.reject(new MeetingError(UNREACHABLE, 'There is no connection.'));
    return this.#socket.request(method, data);
  }

  #change<A extends unknown[]>(reducer: (state: MeetingState, ...args: A) => MeetingState, ...args: A): void {
    this.state.set(reducer(this.state.get(), ...args));
  }

  #has(phase: MeetingState['phase']): boolean {
    return this.state.get().phase === phase;
  }
}
