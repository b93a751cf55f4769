// Every field of every message of the socket, spoiled in every way, by a participant of one owner, while the media of
// somebody else's meeting goes on.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { REQUESTS, type RequestName } from '../../src/protocol/signaling.ts';
import { Crowd } from '../harness/crowd.ts';
import { spoiled } from '../harness/hostile-values.ts';
import { otherOwner } from '../harness/other-owner.ts';
import { type Answer, RawClient } from '../harness/raw-client.ts';
import { startTestApp, type TestApp } from '../harness/test-app.ts';

let server: TestApp;
let crowd: Crowd;
let bystander: RawClient;
let attackersRoom: string;

/** In flight at once: what is asked in one breath breaks more than what is asked in turn. */
const AT_ONCE = 25;

beforeAll(async () => {
  server = await startTestApp({
    // The bounds are tested elsewhere.
    ROOMFUL_LIMIT_SOCKET_REQUESTS: '1000000',
    ROOMFUL_LIMIT_SOCKET_NOTICES: '1000000',
    ROOMFUL_LIMIT_SOCKET_BYTES: '1000000000',
  });
  attackersRoom = String((await server.post('/v2/rooms', {})).body.roomId);
  const victim = await otherOwner(server);
  const roomId = await victim.createRoom();
  const httpUrl = String(server.app.httpUrl);
  crowd = await Crowd.gather({ httpUrl, ...victim.key }, roomId, { people: 1, voices: 1 });
  bystander = await RawClient.join(httpUrl, { roomId, peerId: 'bystander', secret: await victim.token() });
}, 60_000);

afterAll(async () => {
  bystander?.close();
  await crowd?.[Symbol.asyncDispose]();
  await server?.[Symbol.asyncDispose]();
});

/** Resolves when more of the victim's media has arrived than before. */
async function mediaFlows(): Promise<void> {
  const bytes = async () => {
    const { send } = (await bystander.request('getTransportStats', { peerId: 'crowd-0' })) as {
      send?: { stats: { sendBytes: number } };
    };
    return send?.stats.sendBytes ?? Number.NaN;
  };
  const before = await bytes();
  await expect.poll(bytes, { timeout: 10_000 }).toBeGreaterThan(before);
}

const FINGERPRINT = Array.from({ length: 32 }, (_, index) => index.toString(16).padStart(2, '0')).join(':');
const CODEC = {
  mimeType: 'video/VP8',
  payloadType: 101,
  clockRate: 90_000,
  parameters: { 'x-google-start-bitrate': 1000 },
  rtcpFeedback: [{ type: 'nack', parameter: 'pli' }],
};

/** A good message of each kind. Ids are those of the attacker's own meeting, where there are any. */
function good(ids: { send: string; recv: string }): Record<RequestName, object> {
  const peer = { peerId: 'attacker' };
  return {
    requestEntry: { name: 'Attacker' },
    respondEntry: { id: 'nobody', decision: 'allowed' },
    getRouterRtpCapabilities: {},
    createWebRtcTransport: { preferredProtocol: 'UDP_ONLY', producing: false, consuming: true },
    connectWebRtcTransport: {
      transportId: ids.send,
      dtlsParameters: { role: 'client', fingerprints: [{ algorithm: 'sha-256', value: FINGERPRINT }] },
    },
    restartIce: { transportId: ids.send },
    iceRestarted: { transportId: ids.send },
    join: {
      displayName: 'Attacker',
      rtpCapabilities: {
        codecs: [{ ...CODEC, kind: 'video', preferredPayloadType: 101, payloadType: undefined }],
        headerExtensions: [{ kind: 'video', uri: 'urn:3gpp:video-orientation', preferredId: 4, direction: 'recvonly' }],
      },
      sctpCapabilities: { numStreams: { OS: 1024, MIS: 1024 } },
      deviceInfo: {
        sdkType: 'javascript',
        sdkVersion: '1.1.1',
        platform: 'web',
        browserUserAgent: { os: { name: 'x' } },
      },
      autoConsume: true,
      batchingEnabled: true,
      metaData: { any: ['thing', { at: 'all' }] },
      mode: 'SEND_AND_RECV',
      switchingRoom: false,
    },
    produce: {
      transportId: ids.send,
      kind: 'video',
      rtpParameters: {
        mid: '0',
        codecs: [CODEC],
        headerExtensions: [{ uri: 'urn:3gpp:video-orientation', id: 4, encrypt: false, parameters: {} }],
        encodings: [{ ssrc: 1234, rtx: { ssrc: 1235 }, maxBitrate: 1000, dtx: false, scalabilityMode: 'L1T3' }],
        rtcp: { cname: 'x', reducedSize: true },
        msid: '- x',
      },
      appData: { width: 640, height: 480, share: false },
    },
    closeProducer: { producerId: 'x' },
    pauseProducer: { producerId: 'x' },
    resumeProducer: { producerId: 'x' },
    produceError: { mediaType: 'video', message: { name: 'Error' } },
    produceData: {
      transportId: ids.send,
      sctpStreamParameters: { streamId: 1, ordered: false, maxRetransmits: 1 },
      label: 'x',
      protocol: '',
      appData: {},
    },
    setConsumerPreferredLayers: { consumerId: 'x', spatialLayer: 0, temporalLayer: 0 },
    setConsumerPriority: { consumerId: 'x', priority: 1 },
    requestConsumerKeyFrame: { consumerId: 'x' },
    pauseConsumer: { consumerId: 'x' },
    resumeConsumer: { consumerId: 'x' },
    pauseAllConsumers: { kind: 'all' },
    resumeAllConsumers: { kind: 'all' },
    consumeVideoStreams: peer,
    consumeAudioStreams: peer,
    stopConsumingVideoStreams: peer,
    stopConsumingAudioStreams: peer,
    enableAdaptiveSubscription: {},
    disableAdaptiveSubscription: {},
    getTransportStats: { peerId: 'attacker' },
    getDataProducerStats: { dataProducerId: 'x' },
    getDataConsumerStats: { dataConsumerId: 'x' },
    definePeerLeftReason: { leaveReason: 'UNKNOWN' },
    changeMode: { mode: 'SEND_AND_RECV' },
    changeDisplayName: { displayName: 'x' },
    enablePeerMic: peer,
    disablePeerMic: peer,
    enablePeerWebcam: peer,
    disablePeerWebcam: peer,
    removePeer: { peerId: 'nobody' },
    closeRoom: {},
    pinStateChanged: { peerId: 'attacker', state: { cam: true, share: false } },
    realtimeStoreSet: { key: 'x', value: 'x' },
    realtimeStoreGet: { key: 'x' },
    realtimeStoreObserve: { key: 'x' },
    realtimeStoreStopObserve: { key: 'x' },
    switchToMeeting: { meetingId: 'nowhere', participantId: 'x', secret: 'x' },
    switchPeerRoom: { roomId: 'x', peerId: 'attacker', payload: { any: 'thing' }, token: 'x' },
    startRecording: { config: { layout: { type: 'GRID', gridSize: 4 } }, awsDirPath: '../x' },
    stopRecording: {},
    startLivestream: { outputs: [{ url: 'rtmp://127.0.0.1:1/x', streamKey: 'x' }] },
    stopLivestream: {},
    startHls: { config: { layout: { type: 'NONE' } } },
    stopHls: {},
  };
}

/** What ends the attacker's own meeting when it happens to be good, or starts programs. */
const NOT_AS_THEY_ARE: RequestName[] = ['closeRoom', 'startRecording', 'startHls', 'startLivestream'];

async function attack(method: RequestName): Promise<void> {
  const secret = await server.token();
  const httpUrl = String(server.app.httpUrl);
  let client: RawClient | undefined;
  const enter = async () => {
    client = await RawClient.join(httpUrl, { roomId: attackersRoom, peerId: 'attacker', secret }, 'SEND_AND_RECV');
    const [send, recv] = await Promise.all(
      [true, false].map((producing) => client?.request('createWebRtcTransport', { producing })),
    );
    return { send: String(send?.id), recv: String(recv?.id) };
  };
  let ids = await enter();
  const messages = [...spoiled(good(ids)[method])].filter(
    (message) => !NOT_AS_THEY_ARE.includes(method) || !isHarmlessOptions(message),
  );
  for (let from = 0; from < messages.length; from += AT_ONCE) {
    if (!client?.socket.connected) ids = await enter();
    const answers = await Promise.all(
      messages
        .slice(from, from + AT_ONCE)
        .map((message) => client?.request(method, withIds(message, ids)).catch(() => undefined)),
    );
    for (const answer of answers) judge(method, answer);
  }
  client?.close();
}

/** Without options a recording starts, and a meeting ends. */
function isHarmlessOptions(message: unknown): boolean {
  return message === null || (typeof message === 'object' && !Array.isArray(message));
}

function withIds(message: unknown, ids: { send: string }): unknown {
  const hasTransport =
    message !== null &&
    typeof message === 'object' &&
    typeof (message as { transportId?: unknown }).transportId === 'string';
  return hasTransport ? { ...message, transportId: ids.send } : message;
}

function judge(method: string, answer: Answer | undefined): void {
  expect(String(answer?.message ?? ''), method).not.toMatch(/Something went wrong|not be nested|FlatBuffers/);
}

describe.each(Object.keys(REQUESTS) as RequestName[])('%s', (method) => {
  it('with any field spoiled harms nobody else', async () => {
    await attack(method);
    expect(server.errors()).toEqual([]);
    await mediaFlows();
  });
});

it('leaves the server ready, and nobody who should be gone', async () => {
  expect((await server.get('/readyz')).body).toMatchObject({ status: 'ok' });
  expect(({} as { polluted?: boolean }).polluted).toBeUndefined();
  const { body } = await server.get(`/v2/sessions?roomId=${attackersRoom}`);
  expect((body.data as unknown[]).length).toBeGreaterThan(0);
});
