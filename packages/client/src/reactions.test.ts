import { describe, expect, it } from 'vitest';
import type { Notification } from '../../../src/protocol/signaling.ts';
import { ALL_OFF, INITIAL, type MeetingState, newParticipant, type Output, type Stream } from './meeting-state.ts';
import { withOwnDevices } from './own-streams.ts';
import type { TopicMessage } from './pubsub-frames.ts';
import * as reactions from './reactions.ts';

const NOW = new Date('2026-03-05T14:30:00Z');
const stream = (consumerId: string): Stream => ({
  track: { kind: 'video' } as MediaStreamTrack,
  consumerId,
  picture: {},
  quality: 'good',
});

const me = newParticipant('me', 'Me', true);
const ann = {
  ...newParticipant('ann', 'Ann'),
  on: { ...ALL_OFF, video: true, audio: true },
  streams: { video: stream('c1'), audio: stream('c2') },
};
const JOINED: MeetingState = { ...INITIAL, phase: 'joined', participants: [me, ann] };

const after = (it: Notification, state = JOINED) => reactions.afterNotification(state, it, { ownId: 'me', now: NOW });
const annIn = (state: MeetingState) => reactions.participantIn(state, 'ann');

/** One per notification: complete, or it does not compile. */
const CASES: { [M in Notification['method']]: () => void } = {
  entryRequested: () => {
    const asked = after({ method: 'entryRequested', id: 'bob', name: 'Bob' });
    expect(after({ method: 'entryRequested', id: 'bob', name: '' }, asked).entryRequests).toEqual([
      { id: 'bob', name: 'bob' },
    ]);
    expect(after({ method: 'entryRequested', id: 'me', name: 'Me' })).toBe(JOINED);
  },
  entryResponded: () => {
    const asked = after({ method: 'entryRequested', id: 'bob', name: 'Bob' });
    const answered = after({ method: 'entryResponded', id: 'bob', decision: 'denied', sessionId: 's' }, asked);
    expect(answered.entryRequests).toEqual([]);
  },
  newPeer: () => {
    const peer = { method: 'newPeer', id: 'bob', displayName: '', mode: 'SEND_AND_RECV', metaData: {} } as const;
    expect(after(peer).participants.map((it) => it.name)).toEqual(['Me', 'Ann', 'bob']);
    // After a lost connection the same participant may come again.
    expect(after({ ...peer, id: 'ann' }).participants).toEqual([me, newParticipant('ann', '')]);
  },
  peerClosed: () => {
    const state = { ...JOINED, hands: ['ann', 'me'], pinnedId: 'ann', activeSpeakerId: 'ann', lastSpeakerId: 'ann' };
    const gone = after({ method: 'peerClosed', peerId: 'ann', reason: { code: 1101, message: '' } }, state);
    expect(gone).toMatchObject({ participants: [me], hands: ['me'], pinnedId: undefined, activeSpeakerId: undefined });
    expect(gone.lastSpeakerId).toBe('ann');
  },
  participantMediaStateChanged: () => {
    const off = { method: 'participantMediaStateChanged', peerId: 'ann', kind: 'audio', newState: false } as const;
    expect(annIn(after(off))?.on).toEqual({ ...ALL_OFF, video: true });
    expect(after({ ...off, peerId: 'me' })).toBe(JOINED);
    expect(after({ ...off, peerId: 'nobody' })).toBe(JOINED);
  },
  consumerClosed: () => {
    const closed = annIn(after({ method: 'consumerClosed', consumerId: 'c1' }));
    expect(closed).toMatchObject({ on: { video: false, audio: true }, streams: { audio: { consumerId: 'c2' } } });
    expect(closed?.streams.video).toBeUndefined();
    expect(after({ method: 'consumerClosed', consumerId: 'c9' })).toBe(JOINED);
  },
  consumerScore: () => {
    const score = (consumerId: string, producerScore: number, state?: MeetingState) =>
      after({ method: 'consumerScore', consumerId, score: { producerScore } }, state);
    const poor = score('c1', 2);
    expect(annIn(poor)?.quality).toBe('poor');
    expect(annIn(score('c2', 6, poor))?.quality).toBe('poor');
    expect(annIn(score('c1', 9, score('c2', 6, poor)))?.quality).toBe('fair');
    // Most scores move within a word.
    expect(score('c1', 3, poor)).toBe(poor);
    expect(score('c1', 0)).toBe(JOINED);
    expect(score('c9', 1)).toBe(JOINED);
  },
  activeSpeaker: () => {
    const speaks = after({ method: 'activeSpeaker', peerId: 'ann' });
    expect(speaks).toMatchObject({ activeSpeakerId: 'ann', lastSpeakerId: 'ann' });
    expect(after({ method: 'activeSpeaker', peerId: null }, speaks)).toBe(speaks);
    expect(after({ method: 'activeSpeaker', peerId: 'me' }, speaks)).toMatchObject({
      activeSpeakerId: 'me',
      lastSpeakerId: 'ann',
    });
    expect(reactions.withoutSpeaker(speaks)).toMatchObject({ activeSpeakerId: undefined, lastSpeakerId: 'ann' });
  },
  peerDisplayNameChanged: () => {
    const renamed = after({
      method: 'peerDisplayNameChanged',
      peerId: 'ann',
      displayName: 'Anna',
      oldDisplayName: 'Ann',
    });
    expect(annIn(renamed)?.name).toBe('Anna');
  },
  recordingStateChanged: () => {
    const started = after({ method: 'recordingStateChanged', id: 'r', status: 'RECORDING_STARTED', sessionId: 's' });
    expect(started.outputs).toMatchObject([{ id: 'r', kind: 'recording', status: 'STARTED', since: NOW }]);
  },
  hlsStateChanged: () => {
    const event = { method: 'hlsStateChanged', id: 'h', status: 'HLS_STARTED', sessionId: 's' } as const;
    const { outputs } = after({ ...event, playbackHlsUrl: 'https://a.b/1' });
    expect(outputs).toMatchObject([{ kind: 'hls', playbackUrl: 'https://a.b/1', playable: false }]);
  },
  livestreamStateChanged: () => {
    const event = { method: 'livestreamStateChanged', id: 'l', status: 'LIVESTREAM_STOPPING', sessionId: 's' } as const;
    expect(after(event).outputs).toMatchObject([{ kind: 'livestream', status: 'STOPPING' }]);
  },
  hlsPlayableStateChanged: () => {
    const playbackHlsUrl = 'https://a.b/1';
    const started = after({
      method: 'hlsStateChanged',
      id: 'h',
      status: 'HLS_STARTED',
      sessionId: 's',
      playbackHlsUrl,
    });
    const urls = { playbackHlsUrl, livestreamUrl: '', downstreamUrl: '' };
    const playable = after({ method: 'hlsPlayableStateChanged', isPlayable: true, ...urls }, started);
    expect(playable.outputs[0]?.playable).toBe(true);
  },
  error: () => {
    const stopped = after({ method: 'recordingStateChanged', id: 'r', status: 'RECORDING_STOPPED', sessionId: 's' });
    const failed = after({ method: 'error', code: 5001, message: 'disk full' }, stopped);
    expect(failed.outputs[0]?.problem).toBe('disk full');
    expect(failed.notice).toEqual({ id: 1, text: 'disk full' });
    expect(after({ method: 'error', code: 1, message: 'again' }, failed).notice).toEqual({ id: 2, text: 'again' });
  },
  consumerPaused: () => expect(after({ method: 'consumerPaused', consumerId: 'c1' })).toBe(JOINED),
  consumerResumed: () => expect(after({ method: 'consumerResumed', consumerId: 'c1' })).toBe(JOINED),
  consumerLayersChanged: () => {
    const layers = { consumerId: 'c1', spatialLayer: 1, temporalLayer: null };
    expect(after({ method: 'consumerLayersChanged', ...layers })).toBe(JOINED);
  },
  producerScore: () => expect(after({ method: 'producerScore', producerId: 'p', score: [] })).toBe(JOINED),
  dataConsumerClosed: () => expect(after({ method: 'dataConsumerClosed', dataConsumerId: 'd' })).toBe(JOINED),
  peerModeChanged: () => expect(after({ method: 'peerModeChanged', peerId: 'ann', mode: 'RECV_ONLY' })).toBe(JOINED),
  unsupportedCodecAdded: () =>
    expect(after({ method: 'unsupportedCodecAdded', codec: 'AV1', consumerPeerId: 'ann' })).toBe(JOINED),
  realtimeStoreValueChanged: () =>
    expect(after({ method: 'realtimeStoreValueChanged', key: 'k', value: null, updatedBy: 'ann' })).toBe(JOINED),
};

describe('the state after', () => {
  for (const [method, check] of Object.entries(CASES)) it(method, check);

  it('joining has the own participant first and keeps it through a reconnection', () => {
    const peers = [{ id: 'ann', displayName: 'Ann', mode: 'SEND_AND_RECV' as const, metaData: {} }];
    const first = reactions.joined({ ...INITIAL, phase: 'connecting' }, { id: 'me', name: 'Me' }, peers);
    expect(first).toMatchObject({ phase: 'joined', participants: [{ id: 'me', isMe: true }, { id: 'ann' }] });
    const again = reactions.joined(reactions.connectionLost(first), { id: 'me', name: 'Me' }, []);
    expect(again.participants[0]).toBe(first.participants[0]);
    expect(again.participants).toHaveLength(1);
  });

  it('a lost connection has no remote streams, no running outputs and nobody who waits', () => {
    const output = (id: string, status: Output['status']): Output => ({
      id,
      kind: 'hls',
      status,
      since: NOW,
      playbackUrl: undefined,
      playable: false,
      problem: undefined,
    });
    const outputs = [output('a', 'STARTED'), output('b', 'STOPPED')];
    const state = { ...JOINED, outputs, entryRequests: [{ id: 'bob', name: 'Bob' }], activeSpeakerId: 'ann' };
    const lost = reactions.connectionLost(state);
    expect(lost).toMatchObject({ phase: 'reconnecting', entryRequests: [], activeSpeakerId: undefined });
    expect(lost.outputs.map((it) => it.id)).toEqual(['b']);
    expect(annIn(lost)).toMatchObject({ streams: {}, on: ann.on });
    expect(reactions.connectionLost({ ...INITIAL, phase: 'waiting' }).phase).toBe('waiting');
  });

  it('leaving has a reason and nobody in it', () => {
    const reason = { code: 1006, message: 'The meeting was ended.' };
    const chat = [{ id: 'm', senderId: 'ann', senderName: 'Ann', text: 'hi', at: NOW }];
    expect(reactions.left({ ...JOINED, chat }, reason)).toMatchObject({
      phase: 'left',
      reason,
      participants: [],
      chat,
    });
  });

  it('a pin shows the pinned participant, until that one is unpinned', () => {
    const pin = (peerId: string, on: boolean) => ({ peerId, state: { cam: on, share: false }, pinnedBy: 'bob' });
    const pinned = reactions.pinned(JOINED, pin('ann', true));
    expect(pinned.pinnedId).toBe('ann');
    expect(reactions.pinned(pinned, pin('bob', false))).toBe(pinned);
    expect(reactions.pinned(pinned, pin('ann', false)).pinnedId).toBeUndefined();
  });

  it('a stream arrived shows that its kind is on', () => {
    const shared = annIn(reactions.withStream(JOINED, 'ann', 'share', stream('c3')));
    expect(shared).toMatchObject({ on: { share: true, video: true }, streams: { share: { consumerId: 'c3' } } });
    expect(reactions.withStream(JOINED, 'gone', 'share', stream('c3'))).toBe(JOINED);
  });

  it('the own devices changed has their tracks as own streams', () => {
    const off = { on: false, starting: false, track: undefined, deviceId: '', problem: undefined };
    const track = { kind: 'audio' } as MediaStreamTrack;
    const devices = { mic: { ...off, track }, camera: off, screen: undefined, devices: [], speakerId: '' };
    const [own] = withOwnDevices(JOINED, 'me', devices).participants;
    expect(own).toMatchObject({
      on: { ...ALL_OFF, audio: true },
      streams: { audio: { track, consumerId: undefined } },
    });
    expect(withOwnDevices(INITIAL, 'me', devices)).toBe(INITIAL);
  });

  it('a quality measured again as the same is the same', () => {
    const fair = reactions.withQuality(JOINED, 'me', 'fair');
    expect(fair.participants[0]?.quality).toBe('fair');
    expect(reactions.withQuality(fair, 'me', 'fair')).toBe(fair);
  });
});

describe('topics', () => {
  const message = (senderId: string, text: string): TopicMessage => ({
    id: `${senderId} ${text}`,
    topic: 'any',
    message: text,
    senderId,
    senderName: '',
    timestamp: NOW.toISOString(),
    payload: new Uint8Array(),
  });

  it('of chat name the sender by id where there is no name', () => {
    expect(reactions.chatReceived(JOINED, [message('ann', 'hi')]).chat).toMatchObject([
      { senderId: 'ann', senderName: 'ann', text: 'hi', at: NOW },
    ]);
  });

  it('of hands count for those who are in the meeting', () => {
    const raised = reactions.handsMoved(JOINED, [message('ann', 'up'), message('gone', 'up'), message('me', 'up')]);
    expect(raised.hands).toEqual(['ann', 'me']);
    expect(reactions.handsMoved(raised, [message('ann', 'down')]).hands).toEqual(['me']);
  });
});
