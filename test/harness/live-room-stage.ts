// A live room with fakes of its ports, and people who enter it.
import { pino } from 'pino';
import { DEFAULT_LIMITS, type Limits } from '../../src/limits.ts';
import type { ParticipantLink } from '../../src/live/link.ts';
import { LiveRoom } from '../../src/live/live-room.ts';
import type { Entry } from '../../src/live/lobby.ts';
import type { PeerMedia } from '../../src/live/media-plane.ts';
import type { Joining, Participant } from '../../src/live/participant.ts';
import type { JoinGrant } from '../../src/live/ports.ts';
import type { SessionObserver } from '../../src/live/session-observer.ts';
import type { LeaveReason, Notification, ServerRequests } from '../../src/protocol/signaling.ts';
import { FakeLiveStore } from './fake-live-store.ts';
import { type FakePeerMedia, fakeMediaPlane } from './fake-media.ts';

export const silent = pino({ level: 'silent' });
export const FACTS = { roomId: 'room', ownerId: 'owner', apiKey: 'key' };
export const GRANT: JoinGrant = { ownerId: 'owner', entry: 'allowed', moderator: true };
export const MANUAL_LEAVE: LeaveReason = { code: 1101, message: 'left' };

export class FakeLink implements ParticipantLink {
  readonly got: Notification[] = [];
  readonly asked: string[] = [];
  /** With what it was asked. */
  readonly requests: { name: string; data: unknown }[] = [];
  closed: LeaveReason | undefined;
  dropped = false;
  answers = true;
  refuses = false;
  wentAway = false;

  notify(notification: Notification): void {
    this.got.push(notification);
  }

  async request<N extends keyof ServerRequests>(name: N, data: ServerRequests[N]): Promise<void> {
    this.asked.push(name);
    this.requests.push({ name, data });
    if (this.refuses) throw new Error(`client refused ${name}`);
  }

  close(reason: LeaveReason): void {
    this.closed = reason;
  }

  drop(): void {
    this.dropped = true;
  }

  async isAlive(): Promise<boolean> {
    return this.answers;
  }

  /** Names of the notifications since the last call. */
  take(): string[] {
    return this.got.splice(0).map(({ method }) => method);
  }
}

export interface Person {
  participant: Participant;
  link: FakeLink;
  media: FakePeerMedia;
}

export interface Coming {
  token?: string;
  entry?: 'allowed' | 'ask';
  moderator?: boolean;
  /** Whether the token names the participant. */
  named?: boolean;
  reconnectSecret?: string | undefined;
  media?: PeerMedia;
  switchingRoomId?: string;
}

export const JOINING: Omit<Joining, 'displayName'> = {
  rtpCapabilities: {},
  deviceInfo: {},
  metaData: {},
  autoConsume: true,
  mode: 'SEND_AND_RECV',
};

export class LiveRoomStage {
  readonly store = new FakeLiveStore();
  readonly media = fakeMediaPlane();
  readonly room: LiveRoom;
  /** How often the room said that it is empty. */
  timesEmpty = 0;

  constructor({
    limits = {},
    sessionObserver,
    latest = async () => '7',
  }: { limits?: Partial<Limits>; sessionObserver?: SessionObserver; latest?: () => Promise<string> } = {}) {
    this.room = new LiveRoom({
      facts: FACTS,
      store: this.store,
      topicStore: { keep: async () => '', history: async () => [], latest },
      media: this.media.plane,
      sessionObserver,
      limits: { ...DEFAULT_LIMITS, ...limits },
      log: silent,
      onEmpty: () => {
        this.timesEmpty += 1;
      },
    });
  }

  async enter(id: string, coming: Coming = {}): Promise<Person> {
    const { token = id, entry = 'allowed', moderator = true, named = false, ...more } = coming;
    const link = new FakeLink();
    const grant = { ...GRANT, entry, moderator, ...(named && { participantId: id }) };
    const whole: Entry = { link, id, name: id, grant, token, ...more };
    const participant = await this.room.enter(whole);
    return { link, participant, media: participant.media as unknown as FakePeerMedia };
  }

  async join(id: string, coming: Coming = {}, joining: Partial<Joining> = {}): Promise<Person> {
    const person = await this.enter(id, coming);
    await this.room.join(person.participant, { ...JOINING, displayName: id, ...joining });
    this.room.sendInitialState(person.participant);
    return person;
  }
}

/** Until all that nobody waits for has been done. */
export async function settled(): Promise<void> {
  for (let turn = 0; turn < 10; turn++) await new Promise(setImmediate);
}

/** Every combination of one value for each key. */
export function combinations<T extends Record<string, readonly unknown[]>>(
  values: T,
): { [K in keyof T]: T[K][number] }[] {
  return Object.entries(values).reduce<Record<string, unknown>[]>(
    (rows, [key, options]) => rows.flatMap((row) => options.map((option) => ({ ...row, [key]: option }))),
    [{}],
  ) as { [K in keyof T]: T[K][number] }[];
}
