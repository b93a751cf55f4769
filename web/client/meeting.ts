// One participant's stay in a meeting, from entering to leaving, through every reconnection.
import {
  LEAVE_REASONS,
  type LeaveReason,
  type Notification,
  type PeerInfo,
  type RequestData,
  type RequestName,
  type ServerRequests,
  type StreamKind,
} from '../../src/protocol/signaling.ts';
import { claimsOf, findRecording, findSocketHost, makeInvite, type Reached, socketOrigin } from './entrance.ts';
import { MeetingError } from './failure.ts';
import type { LocalMedia } from './local-media.ts';
import { type LinkOptions, MediaLink } from './media-link.ts';
import {
  INITIAL,
  isRunning,
  type MeetingState,
  mergeChat,
  newParticipant,
  type OutputKind,
  type OutputStatus,
  type Participant,
  type Stream,
  withHand,
  withOutput,
  withPlayable,
  withProblem,
} from './meeting-state.ts';
import { Observable } from './observable.ts';
import type { TopicMessage } from './pubsub-frames.ts';
import { lossBetween, type Quality, qualityOf, scoreIn } from './quality.ts';
import { SignalingSocket } from './signaling-socket.ts';
import { Topics } from './topics.ts';
import { Views } from './views.ts';

/** Topics as the official prebuilt pages name them, so that guests of both read each other. */
const CHAT_TOPIC = 'CHAT';
const HAND_TOPIC = 'RAISE_HAND';
const HAND_UP = 'up';
const HAND_DOWN = 'down';
const ALL_HISTORY = -1;
const STATS_INTERVAL_MS = 4_000;
/** Between two sentences nobody stops being the one who speaks. */
const BREATH_MS = 1_200;

/** Not let in by those inside; the protocol has no leave reason for it. */
export const ENTRY_DENIED: LeaveReason = { code: 4025, message: 'You were not let in.' };

export interface MeetingOptions {
  roomId: string;
  token: string;
  name: string;
  media: Pick<LocalMedia, 'state' | 'turn'>;
  /** Defaults to the token's, else to a new one. */
  participantId?: string;
  /** Defaults to where the page came from. */
  server?: Reached;
  /** The WebRTC to use where there is no browser's. */
  handler?: LinkOptions['handler'];
  /** False for who only sends: nobody's streams are offered. */
  receives?: boolean;
}

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
  readonly #server: Reached;
  readonly #topics: Topics;
  readonly #views: Views;
  readonly #scores = new Map<string, Quality>();
  readonly #sending: Record<StreamKind, Promise<void>> = {
    audio: Promise.resolve(),
    video: Promise.resolve(),
    share: Promise.resolve(),
    shareAudio: Promise.resolve(),
  };
  #socket: SignalingSocket | undefined;
  #link: MediaLink | undefined;
  /** Which connection it is: what belongs to an earlier one no longer counts. */
  #turn = 0;
  /** Shows the server, after a lost connection, that it is the same one who comes back. */
  #reconnectSecret: string | undefined;
  #stopMedia: (() => void) | undefined;
  #stats: ReturnType<typeof setInterval> | undefined;
  #ownScore: number | undefined;
  #notices = 0;
  #silence: ReturnType<typeof setTimeout> | undefined;

  constructor(options: MeetingOptions) {
    const claims = claimsOf(options.token);
    this.#options = options;
    this.name = options.name;
    this.#media = options.media;
    this.#server = options.server ?? location;
    this.id = options.participantId ?? claims.participantId ?? newParticipantId();
    this.mayModerate = claims.mayModerate;
    this.mayAdmit = claims.mayJoinDirectly;
    this.mayInvite = claims.mayModerate && claims.mayCall;
    this.mayShareRecordings = this.mayInvite;
    this.#topics = new Topics(this.id);
    this.#topics.follow(CHAT_TOPIC, ALL_HISTORY, (messages) => this.#chatted(messages));
    this.#topics.follow(HAND_TOPIC, ALL_HISTORY, (messages) => this.#handsMoved(messages));
    this.#views = new Views((method, data) => this.#request(method, data));
  }

  /** Connects; what comes of it is in the state. */
  async enter(): Promise<void> {
    const { roomId, token } = this.#options;
    this.state.patch({ phase: 'connecting' });
    try {
      const host = await findSocketHost(this.#server, roomId, token);
      if (this.#has('left')) return;
      const origin = socketOrigin(host, this.#server);
      this.#socket = new SignalingSocket(
        { origin, roomId, peerId: this.id, token },
        {
          connected: () => void this.#askForEntry(),
          lost: () => this.#connectionLost(),
          gaveUp: () => this.#left(LEAVE_REASONS.WEBSOCKET_CONNECTION_ATTEMPTS_EXHAUSTED),
          notified: (it) => this.#notified(it),
          asked: (name, data) => this.#asked(name, data),
          closed: (reason) => this.#left(reason),
        },
      );
      this.#stopMedia = this.#media.state.subscribe(() => this.#syncAll());
      this.#stats = setInterval(() => void this.#measure(), STATS_INTERVAL_MS);
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
    return makeInvite(this.#server, this.#options.roomId, this.#options.token);
  }

  async say(text: string): Promise<void> {
    await this.#topics.publish(CHAT_TOPIC, text, { persist: true });
  }

  async raiseHand(up: boolean): Promise<void> {
    this.state.patch({ hands: withHand(this.state.get().hands, this.id, up) });
    await this.#topics.publish(HAND_TOPIC, up ? HAND_UP : HAND_DOWN, { persist: true });
  }

  async decide(id: string, decision: 'allowed' | 'denied'): Promise<void> {
    this.#forgetEntryRequest(id);
    await this.#request('respondEntry', { id, decision });
  }

  async moderate(
    what: 'enablePeerMic' | 'disablePeerMic' | 'enablePeerWebcam' | 'disablePeerWebcam' | 'removePeer',
    peerId: string,
  ): Promise<void> {
    await this.#request(what, { peerId });
  }

  /** Does, or refuses, what somebody asked for with `enablePeerMic` or `enablePeerWebcam`. */
  async answerDeviceRequest(accept: boolean): Promise<void> {
    const { deviceRequest } = this.state.get();
    this.state.patch({ deviceRequest: undefined });
    if (deviceRequest && accept) await this.#media.turn(deviceRequest.source, true);
  }

  /** Starts a recording, HLS stream or livestream, as the REST API would; resolves when it was taken up. */
  async startOutput(kind: OutputKind, wish: Record<string, unknown>): Promise<void> {
    await this.#request(OUTPUT_REQUESTS[kind].start, wish);
  }

  /** Stops all of a kind. */
  async stopOutput(kind: OutputKind): Promise<void> {
    await this.#request(OUTPUT_REQUESTS[kind].stop, {});
  }

  /** A link by which anybody can see a finished recording. */
  recordingLink(id: string): Promise<string> {
    return findRecording(this.#server, id, this.#options.token);
  }

  /** Tells how large somebody's picture is shown, in device pixels; nothing for one that is not seen. */
  show(id: string, kind: 'video' | 'share', size: { width: number; height: number } | undefined): void {
    this.#views.set(`${id} ${kind}`, size);
  }

  tell(text: string): void {
    this.#notices += 1;
    this.state.patch({ notice: { id: this.#notices, text } });
  }

  async #askForEntry(): Promise<void> {
    this.#turn += 1;
    const turn = this.#turn;
    try {
      const reconnectSecret = this.#reconnectSecret;
      await this.#request('requestEntry', {
        name: this.name,
        ...(reconnectSecret !== undefined && { reconnectSecret }),
      });
      const undecided = this.#has('connecting') || this.#has('reconnecting');
      if (turn === this.#turn && undecided && !this.mayAdmit) this.state.patch({ phase: 'waiting' });
    } catch (error) {
      if (turn === this.#turn) this.#fail(error);
    }
  }

  async #join(): Promise<void> {
    const turn = this.#turn;
    if (this.#has('waiting')) this.state.patch({ phase: 'connecting' });
    const { handler, receives = true } = this.#options;
    let link: MediaLink | undefined;
    try {
      link = await MediaLink.open((method, data) => this.#request(method, data), { handler, receives });
      if (turn !== this.#turn || this.#has('left')) return link.close();
      // Streams may be offered as soon as the join is answered.
      this.#link = link;
      const answer = await this.#request('join', {
        displayName: this.name,
        rtpCapabilities: link.receivable,
        deviceInfo: deviceInfo(),
        autoConsume: receives,
        batchingEnabled: true,
        metaData: {},
        mode: 'SEND_AND_RECV',
      });
      if (turn !== this.#turn || this.#has('left')) return link.close();
      this.#reconnectSecret = answer.reconnectSecret;
      this.#joined(answer.peers, answer.pubSubUrl);
    } catch (error) {
      link?.close();
      if (turn === this.#turn) this.#fail(error);
    }
  }

  #joined(peers: readonly PeerInfo[], pubSubUrl: string | undefined): void {
    const me = this.#participant(this.id) ?? newParticipant(this.id, this.name, true);
    const others = peers.map(({ id, displayName }) => newParticipant(id, displayName));
    this.state.patch({ phase: 'joined', participants: [me, ...others] });
    if (pubSubUrl) this.#topics.open(this.#onOurWay(pubSubUrl));
    this.#syncAll();
  }

  /** The address of the second socket names the public host; whoever reached the server otherwise stays on their way. */
  #onOurWay(url: string): string {
    const { host, pathname, search } = new URL(url);
    return `${socketOrigin(host, this.#server)}${pathname}${search}`;
  }

  /** Everything of the lost connection is void; the socket comes back with `connected`. */
  #connectionLost(): void {
    if (this.#has('left')) return;
    this.#turn += 1;
    this.#dropLink();
    this.#topics.close();
    const phase = this.#has('joined') ? 'reconnecting' : this.state.get().phase;
    const participants = this.state.get().participants.map((it) => (it.isMe ? it : { ...it, streams: {} }));
    // What runs by then is told again to whoever comes back.
    const outputs = this.state.get().outputs.filter((it) => !isRunning(it));
    this.state.patch({ phase, participants, outputs, entryRequests: [], activeSpeakerId: undefined });
  }

  #dropLink(): void {
    this.#link?.close();
    this.#link = undefined;
    this.#views.forgetStreams();
  }

  #left(reason: LeaveReason): void {
    if (this.#has('left')) return;
    this.#turn += 1;
    this.state.patch({ phase: 'left', reason, participants: [], entryRequests: [], deviceRequest: undefined });
    this.#stopMedia?.();
    clearInterval(this.#stats);
    clearTimeout(this.#silence);
    this.#views.close();
    this.#topics.close();
    this.#dropLink();
    this.#socket?.close();
  }

  #fail(error: unknown): void {
    this.#left(reasonOf(error));
  }

  #request<N extends RequestName>(method: N, data: RequestData<N>) {
    if (!this.#socket) return Promise.reject(new MeetingError(3047, 'There is no connection.'));
    return this.#socket.request(method, data);
  }

  // Own streams

  #syncAll(): void {
    const { mic, camera, screen } = this.#media.state.get();
    const me = this.#participant(this.id);
    if (me) {
      const streams: Record<StreamKind, Stream | undefined> = {
        audio: ownStream(mic.track),
        video: ownStream(camera.track),
        share: ownStream(screen?.video),
        shareAudio: ownStream(screen?.audio),
      };
      const on = { audio: !!mic.track, video: !!camera.track, share: !!screen, shareAudio: !!screen?.audio };
      this.#update(this.id, { on, streams: streams as Participant['streams'] });
    }
    if (!this.#has('joined')) return;
    this.#sync('audio', () => this.#media.state.get().mic.track);
    this.#sync('video', () => this.#media.state.get().camera.track);
    this.#sync('share', () => this.#media.state.get().screen?.video);
    this.#sync('shareAudio', () => this.#media.state.get().screen?.audio);
  }

  /** Sends what the devices give, one step at a time for each kind: clicks may come faster than answers. */
  #sync(kind: StreamKind, wanted: () => MediaStreamTrack | undefined): void {
    this.#sending[kind] = this.#sending[kind].then(async () => {
      const link = this.#link;
      if (!link || !this.#has('joined')) return;
      try {
        await send(link, kind, wanted());
      } catch (error) {
        if (link !== this.#link) return;
        this.tell(`Your ${WORD_FOR[kind]} could not be sent: ${(error as Error).message}`);
        await this.#request('produceError', { mediaType: kind, message: String(error) }).catch(() => undefined);
      }
    });
  }

  // What the server says

  async #asked<N extends keyof ServerRequests>(name: N, data: ServerRequests[N]): Promise<void> {
    switch (name) {
      case 'newConsumer':
        return this.#take(data as ServerRequests['newConsumer']);
      case 'disableMic':
        return this.#media.turn('mic', false);
      case 'disableWebcam':
        return this.#media.turn('camera', false);
      case 'enableMic':
      case 'enableWebcam':
        this.state.patch({
          deviceRequest: { source: name === 'enableMic' ? 'mic' : 'camera', byId: (data as { peerId: string }).peerId },
        });
        return;
      case 'pinStateChanged': {
        const { peerId, state } = data as ServerRequests['pinStateChanged'];
        const { pinnedId } = this.state.get();
        if (state.cam || state.share) this.state.patch({ pinnedId: peerId });
        else if (pinnedId === peerId) this.state.patch({ pinnedId: undefined });
        return;
      }
      default:
        throw new Error(`This client has no use for ${name}.`);
    }
  }

  async #take(offer: ServerRequests['newConsumer']): Promise<void> {
    const link = this.#link;
    if (!link) throw new Error('There is no connection for media.');
    const consumer = await link.consume(offer);
    if (link !== this.#link) return;
    const kind = kindOf(offer);
    const stream: Stream = { track: consumer.track, consumerId: consumer.id, picture: offer.appData };
    this.#updateStreams(offer.peerId, kind, stream);
    if (kind === 'video' || kind === 'share') {
      this.#views.streamArrived(`${offer.peerId} ${kind}`, { consumerId: consumer.id, picture: stream.picture });
    }
  }

  #consumerClosed(consumerId: string): void {
    this.#link?.consumers.get(consumerId)?.close();
    for (const { id, streams } of this.state.get().participants) {
      for (const kind of Object.keys(streams) as StreamKind[]) {
        if (streams[kind]?.consumerId !== consumerId) continue;
        this.#updateStreams(id, kind, undefined);
        this.#views.streamGone(`${id} ${kind}`);
      }
    }
  }

  readonly #reactions: Reactions = {
    entryResponded: ({ id, decision }) => {
      if (id !== this.id) this.#forgetEntryRequest(id);
      else if (decision === 'allowed') void this.#join();
      else this.#left(ENTRY_DENIED);
    },
    entryRequested: ({ id, name }) => this.#entryRequested(id, name),
    newPeer: ({ id, displayName }) => this.#arrived(newParticipant(id, displayName)),
    peerClosed: ({ peerId }) => this.#gone(peerId),
    participantMediaStateChanged: ({ peerId, kind, newState }) => {
      const who = this.#participant(peerId);
      // The own devices are known at first hand.
      if (who && !who.isMe) this.#update(peerId, { on: { ...who.on, [kind]: newState } });
    },
    consumerClosed: ({ consumerId }) => this.#consumerClosed(consumerId),
    consumerPaused: ({ consumerId }) => this.#link?.consumers.get(consumerId)?.pause(),
    consumerResumed: ({ consumerId }) => this.#link?.consumers.get(consumerId)?.resume(),
    consumerScore: ({ consumerId, score }) => this.#scored(consumerId, score),
    producerScore: ({ score }) => {
      this.#ownScore = scoreIn(score);
    },
    activeSpeaker: ({ peerId }) => this.#spoke(peerId ?? undefined),
    peerDisplayNameChanged: ({ peerId, displayName }) => this.#update(peerId, { name: displayName }),
    recordingStateChanged: (it) => this.#outputMoved('recording', it),
    hlsStateChanged: (it) => this.#outputMoved('hls', it),
    livestreamStateChanged: (it) => this.#outputMoved('livestream', it),
    hlsPlayableStateChanged: ({ playbackHlsUrl }) =>
      this.state.patch({ outputs: withPlayable(this.state.get().outputs, playbackHlsUrl) }),
    error: ({ code, message }) => {
      const kind = OUTPUT_FAILURES[code];
      if (kind) this.state.patch({ outputs: withProblem(this.state.get().outputs, kind, message) });
      this.tell(message);
    },
  };

  #notified(it: Notification): void {
    const react = this.#reactions[it.method] as ((it: Notification) => void) | undefined;
    react?.(it);
  }

  #outputMoved(kind: OutputKind, it: { id: string; status: string; playbackHlsUrl?: string }): void {
    // `RECORDING_STARTED` and the like.
    const status = it.status.slice(it.status.lastIndexOf('_') + 1) as OutputStatus;
    const notice = { id: it.id, kind, status, playbackUrl: it.playbackHlsUrl };
    this.state.patch({ outputs: withOutput(this.state.get().outputs, notice, new Date()) });
  }

  #spoke(id: string | undefined): void {
    clearTimeout(this.#silence);
    if (id === undefined) {
      this.#silence = setTimeout(() => this.state.patch({ activeSpeakerId: undefined }), BREATH_MS);
    } else {
      const lastSpeakerId = id === this.id ? this.state.get().lastSpeakerId : id;
      this.state.patch({ activeSpeakerId: id, lastSpeakerId });
    }
  }

  #entryRequested(id: string, name: string): void {
    const { entryRequests } = this.state.get();
    if (id === this.id) return;
    this.state.patch({ entryRequests: [...entryRequests.filter((it) => it.id !== id), { id, name: name || id }] });
  }

  #forgetEntryRequest(id: string): void {
    this.state.patch({ entryRequests: this.state.get().entryRequests.filter((it) => it.id !== id) });
  }

  #scored(consumerId: string, score: unknown): void {
    const participant = this.state
      .get()
      .participants.find(({ streams }) => Object.values(streams).some((it) => it?.consumerId === consumerId));
    const value = scoreIn(score);
    if (!participant || value === undefined) return;
    this.#scores.set(consumerId, qualityOf({ score: value }));
    const qualities = Object.values(participant.streams).map((it) => this.#scores.get(it?.consumerId ?? '') ?? 'good');
    const quality = worstOf(qualities);
    // Most scores move within a word: of everybody at once, where the own connection is what varies.
    if (quality !== participant.quality) this.#update(participant.id, { quality });
  }

  #chatted(messages: readonly TopicMessage[]): void {
    const arrived = messages.map(({ id, senderId, senderName, message, timestamp }) => ({
      id,
      senderId,
      senderName: senderName || senderId,
      text: message,
      at: new Date(timestamp),
    }));
    this.state.patch({ chat: mergeChat(this.state.get().chat, arrived) });
  }

  #handsMoved(messages: readonly TopicMessage[]): void {
    let { hands } = this.state.get();
    for (const { senderId, message } of messages) {
      if (this.#participant(senderId)) hands = withHand(hands, senderId, message !== HAND_DOWN);
    }
    this.state.patch({ hands });
  }

  // Participants

  #participant(id: string): Participant | undefined {
    return this.state.get().participants.find((it) => it.id === id);
  }

  #arrived(participant: Participant): void {
    const { participants } = this.state.get();
    this.state.patch({ participants: [...participants.filter((it) => it.id !== participant.id), participant] });
  }

  #gone(id: string): void {
    const { participants, hands, pinnedId, activeSpeakerId } = this.state.get();
    this.state.patch({
      participants: participants.filter((it) => it.id !== id),
      hands: hands.filter((it) => it !== id),
      pinnedId: pinnedId === id ? undefined : pinnedId,
      activeSpeakerId: activeSpeakerId === id ? undefined : activeSpeakerId,
    });
  }

  #update(id: string, change: Partial<Participant>): void {
    const participants = this.state.get().participants.map((it) => (it.id === id ? { ...it, ...change } : it));
    this.state.patch({ participants });
  }

  #updateStreams(id: string, kind: StreamKind, stream: Stream | undefined): void {
    const participant = this.#participant(id);
    if (!participant) return;
    const { [kind]: _, ...others } = participant.streams;
    const streams = stream ? { ...others, [kind]: stream } : others;
    // A stream tells as much as the notice that it is on, which may come later.
    this.#update(id, { streams, on: { ...participant.on, [kind]: stream !== undefined } });
  }

  #counted: Awaited<ReturnType<MediaLink['count']>> | undefined;

  async #measure(): Promise<void> {
    const link = this.#link;
    if (!link || !this.#has('joined')) return;
    const now = await link.count().catch(() => undefined);
    if (!now || link !== this.#link) return;
    const before = this.#counted?.of === now.of ? this.#counted : undefined;
    this.#counted = now;
    const lossRatio = before && lossBetween(before, now);
    const quality = qualityOf({ rttMs: now.rttMs, lossRatio, score: this.#ownScore });
    if (this.#participant(this.id)?.quality !== quality) this.#update(this.id, { quality });
  }

  #has(phase: MeetingState['phase']): boolean {
    return this.state.get().phase === phase;
  }
}

async function send(link: MediaLink, kind: StreamKind, track: MediaStreamTrack | undefined): Promise<void> {
  const producer = link.producers.get(kind);
  if (!track) await link.unpublish(kind);
  else if (!producer) await link.publish(kind, track);
  else if (producer.track !== track) await producer.replaceTrack({ track });
}

const OUTPUT_REQUESTS = {
  recording: { start: 'startRecording', stop: 'stopRecording' },
  hls: { start: 'startHls', stop: 'stopHls' },
  livestream: { start: 'startLivestream', stop: 'stopLivestream' },
} as const satisfies Record<OutputKind, { start: RequestName; stop: RequestName }>;

/** Numbers of the errors that tell why one ended. */
const OUTPUT_FAILURES: Record<number, OutputKind> = { 5001: 'recording', 5002: 'livestream', 5003: 'hls' };

/** What follows from each notification; those not named are of no use here. */
type Reactions = { [M in Notification['method']]?: (it: Extract<Notification, { method: M }>) => void };

const WORD_FOR: Record<StreamKind, string> = {
  audio: 'microphone',
  video: 'camera',
  share: 'screen',
  shareAudio: 'screen’s sound',
};

function ownStream(track: MediaStreamTrack | undefined): Stream | undefined {
  return track && { track, consumerId: undefined, picture: {} };
}

function kindOf({ kind, appData }: ServerRequests['newConsumer']): StreamKind {
  const share = appData.share === true;
  if (kind === 'audio') return share ? 'shareAudio' : 'audio';
  return share ? 'share' : 'video';
}

function worstOf(qualities: readonly Quality[]): Quality {
  return qualities.includes('poor') ? 'poor' : qualities.includes('fair') ? 'fair' : 'good';
}

function newParticipantId(): string {
  return crypto.randomUUID().replaceAll('-', '').slice(0, 12);
}

function reasonOf(error: unknown): LeaveReason {
  if (error instanceof MeetingError) return { code: error.code, message: error.message };
  return { code: LEAVE_REASONS.JOIN_ROOM_FAILED.code, message: `Joining failed: ${(error as Error).message}` };
}

function deviceInfo() {
  return {
    sdkType: 'roomful-web',
    sdkVersion: '1',
    platform: 'desktop',
    browserUserAgent: { browser: { name: navigator.userAgent.slice(0, 200), version: '' }, os: { name: '' } },
  };
}
