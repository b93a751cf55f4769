// WebRTC for mediasoup-client without a browser: werift's ICE, DTLS and SRTP carry what `ClipTrack` plays. It only sends.
import type { types } from 'mediasoup-client';
import { FakeHandler } from 'mediasoup-client/handlers/FakeHandler';
import {
  type IceCandidate,
  type PeerConfig,
  PictureLossIndication,
  RTCDtlsFingerprint,
  RTCDtlsParameters,
  RTCDtlsTransport,
  RTCIceGatherer,
  RTCIceParameters,
  RTCIceTransport,
  RtcpPayloadSpecificFeedback,
  RtpHeader,
} from 'werift';
import type { ClipTrack, Payload } from './clip-track.ts';

const AUDIO_LEVEL = 'urn:ietf:params:rtp-hdrext:ssrc-audio-level';
/** In decibels below full scale, with the flag that it is a voice. */
const SPEECH = Buffer.from([0x80 | 25]);
const ONE_BYTE_EXTENSIONS = 0xbede;
const SRTP_AEAD_AES_128_GCM = 7;
const SRTP_AES_128_CM_SHA1_80 = 1;

const CAPABILITIES: types.RtpCapabilities = {
  codecs: [
    { kind: 'audio', mimeType: 'audio/opus', preferredPayloadType: 111, clockRate: 48_000, channels: 2 },
    {
      kind: 'video',
      mimeType: 'video/VP8',
      preferredPayloadType: 96,
      clockRate: 90_000,
      rtcpFeedback: [{ type: 'nack', parameter: 'pli' }],
    },
  ],
  headerExtensions: [{ kind: 'audio', uri: AUDIO_LEVEL, preferredId: 10 }],
};

/** Everybody has the same certificate: making one takes longer than a handshake. */
const certificate = await RTCDtlsTransport.SetupCertificate();

/**
 * mediasoup-client's own handler without WebRTC agrees with the server on what is sent; beneath it, a connection takes
 * the place of nothing.
 */
const agreeing = FakeHandler.createFactory({
  generateNativeRtpCapabilities: () => structuredClone(CAPABILITIES),
  generateLocalDtlsParameters: () => ({
    role: 'auto',
    fingerprints: certificate.getFingerprints() as types.DtlsFingerprint[],
  }),
});

export const weriftHandler: types.HandlerFactory = {
  ...agreeing,
  name: 'werift',
  factory: (options) => {
    const handler = agreeing.factory(options);
    const connection = new Connection(options, (state) => handler.emit('@connectionstatechange', state));
    const { send, stopSending, close } = handler;
    handler.send = async (sending) => {
      const sent = await send.call(handler, sending);
      connection.carry(sent.localId, sending.track as unknown as ClipTrack, sent.rtpParameters);
      return sent;
    };
    handler.stopSending = (localId) => {
      connection.drop(localId);
      return stopSending.call(handler, localId);
    };
    handler.close = () => {
      connection.close();
      close.call(handler);
    };
    return handler;
  },
};

class Connection {
  readonly #ice: RTCIceTransport;
  readonly #dtls: RTCDtlsTransport;
  readonly #candidates: types.IceCandidate[];
  readonly #tracks = new Map<string, { track: ClipTrack; ssrc: number }>();
  readonly #tell: (state: types.ConnectionState) => void;
  #opened: Promise<void> | undefined;

  constructor(options: types.HandlerOptions, tell: (state: types.ConnectionState) => void) {
    const { iceParameters, iceCandidates, dtlsParameters } = options;
    this.#tell = tell;
    this.#candidates = iceCandidates;
    const gatherer = new RTCIceGatherer({ useIpv6: false, additionalHostAddresses: ['127.0.0.1'] });
    gatherer.connection.iceControlling = true;
    // By default it asks a server of Google's for its address, and waits for the answer.
    delete gatherer.connection.stunServer;
    this.#ice = new RTCIceTransport(gatherer);
    const { usernameFragment, password } = iceParameters;
    this.#ice.setRemoteParams(new RTCIceParameters({ usernameFragment, password, iceLite: true }));
    this.#dtls = new RTCDtlsTransport({ debug: {} } as PeerConfig, this.#ice, certificate, [
      SRTP_AEAD_AES_128_GCM,
      SRTP_AES_128_CM_SHA1_80,
    ]);
    const fingerprints = dtlsParameters.fingerprints.map((it) => new RTCDtlsFingerprint(it.algorithm, it.value));
    this.#dtls.setRemoteParams(new RTCDtlsParameters(fingerprints, 'client'));
    this.#dtls.onRtcp.subscribe((packet) => {
      if (!(packet instanceof RtcpPayloadSpecificFeedback)) return;
      if (packet.feedback instanceof PictureLossIndication) this.#refresh(packet.feedback.mediaSsrc);
    });
  }

  /** Sends what a track plays, once there is a way. */
  carry(id: string, track: ClipTrack, parameters: types.RtpParameters): void {
    this.#opened ??= this.#open();
    const ssrc = parameters.encodings?.[0]?.ssrc ?? 0;
    this.#tracks.set(id, { track, ssrc });
    const header = headersOf(parameters, ssrc);
    const begin = () => track.play((payload) => void this.#dtls.sendRtp(payload.data, header(payload)));
    this.#opened.then(
      () => this.#tracks.has(id) && begin(),
      () => this.#tell('failed'),
    );
  }

  drop(id: string): void {
    this.#tracks.get(id)?.track.stop();
    this.#tracks.delete(id);
  }

  close(): void {
    for (const id of this.#tracks.keys()) this.drop(id);
    void this.#dtls.stop();
    void this.#ice.stop();
  }

  async #open(): Promise<void> {
    await this.#ice.gather();
    for (const candidate of this.#candidates) {
      if (candidate.protocol === 'udp') await this.#ice.addRemoteCandidate(toWerift(candidate));
    }
    await this.#ice.addRemoteCandidate(undefined);
    await this.#ice.start();
    await this.#dtls.start();
    this.#tell('connected');
  }

  #refresh(ssrc: number): void {
    for (const it of this.#tracks.values()) if (it.ssrc === ssrc) it.track.jumpToKeyframe();
  }
}

function headersOf({ codecs, headerExtensions = [] }: types.RtpParameters, ssrc: number) {
  const payloadType = codecs[0]?.payloadType ?? 0;
  const levelId = headerExtensions.find(({ uri }) => uri === AUDIO_LEVEL)?.id;
  const extensions = levelId === undefined ? [] : [{ id: levelId, payload: SPEECH }];
  let sequenceNumber = Math.floor(Math.random() * 2 ** 15);
  return ({ timestamp, marker }: Payload): RtpHeader => {
    sequenceNumber = (sequenceNumber + 1) & 0xffff;
    const extension = extensions.length > 0;
    const how = { extension, extensions, ...(extension && { extensionProfile: ONE_BYTE_EXTENSIONS as never }) };
    return new RtpHeader({ ssrc, payloadType, sequenceNumber, timestamp, marker, ...how });
  };
}

function toWerift({ foundation, priority, address, ip, protocol, port, type }: types.IceCandidate): IceCandidate {
  return { component: 1, foundation, priority, ip: address ?? ip, protocol, port, type } as IceCandidate;
}
