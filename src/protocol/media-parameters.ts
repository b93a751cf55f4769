// What clients say of the media they send and receive: RTP, DTLS and SCTP parameters, in the ranges that the wire has
// for them. The SFU writes numbers into fixed fields, so nothing reaches it that was not checked here.
//
// Sources: RFC 8829 and ORTC for the shapes (as mediasoup-client sends them), RFC 3550 for SSRCs and payload types,
// RFC 8285 for header extension ids, RFC 8122 for fingerprints, RFC 8831 for data channels.
import { type Static, Type } from 'typebox';

const MAX_UINT16 = 2 ** 16 - 1;
const MAX_UINT32 = 2 ** 32 - 1;
const MAX_INT32 = 2 ** 31 - 1;
/** Browsers name some fifty codecs and twenty extensions; a stream has at most four encodings. */
const MAX_CODECS = 128;
const MAX_EXTENSIONS = 64;
const MAX_ENCODINGS = 8;
const MAX_FEEDBACK = 32;
const MAX_PARAMETERS = 64;
const MAX_FINGERPRINTS = 16;

const Text = (maxLength: number) => Type.String({ maxLength });
const Whole = (minimum: number, maximum: number) => Type.Integer({ minimum, maximum });

const Ssrc = Whole(0, MAX_UINT32);
const PayloadType = Whole(0, 127);
const MimeType = Type.String({ pattern: '^([Aa]udio|[Vv]ideo|AUDIO|VIDEO)/[A-Za-z0-9.+_-]{1,64}$' });
const MediaKind = Type.Enum(['audio', 'video']);
/** Such as `profile-level-id`; whole numbers go into 32 bits. */
const Parameters = Type.Record(
  Type.String({ maxLength: 64 }),
  Type.Union([Text(1024), Type.Number({ minimum: -MAX_INT32, maximum: MAX_INT32 })]),
  { maxProperties: MAX_PARAMETERS },
);
const Feedback = Type.Array(Type.Object({ type: Text(64), parameter: Type.Optional(Text(64)) }), {
  maxItems: MAX_FEEDBACK,
});

const codec = {
  mimeType: MimeType,
  clockRate: Whole(1, MAX_UINT32),
  channels: Type.Optional(Whole(1, 255)),
  parameters: Type.Optional(Parameters),
  rtcpFeedback: Type.Optional(Feedback),
};

const Encoding = Type.Object({
  ssrc: Type.Optional(Ssrc),
  rid: Type.Optional(Text(64)),
  codecPayloadType: Type.Optional(PayloadType),
  rtx: Type.Optional(Type.Object({ ssrc: Ssrc })),
  dtx: Type.Optional(Type.Boolean()),
  scalabilityMode: Type.Optional(Text(32)),
  /** Bit/s. */
  maxBitrate: Type.Optional(Whole(0, MAX_UINT32)),
  scaleResolutionDownBy: Type.Optional(Type.Number({ minimum: 1, maximum: MAX_UINT16 })),
});

/** A stream that a client sends (`produce`). */
export const RtpParameters = Type.Object({
  mid: Type.Optional(Text(64)),
  codecs: Type.Array(Type.Object({ ...codec, payloadType: PayloadType }), { minItems: 1, maxItems: MAX_CODECS }),
  headerExtensions: Type.Optional(
    Type.Array(
      Type.Object({
        uri: Text(256),
        id: Whole(1, 255),
        encrypt: Type.Optional(Type.Boolean()),
        parameters: Type.Optional(Parameters),
      }),
      { maxItems: MAX_EXTENSIONS },
    ),
  ),
  encodings: Type.Optional(Type.Array(Encoding, { maxItems: MAX_ENCODINGS })),
  rtcp: Type.Optional(Type.Object({ cname: Type.Optional(Text(256)), reducedSize: Type.Optional(Type.Boolean()) })),
  msid: Type.Optional(Text(512)),
});
export type RtpParameters = Static<typeof RtpParameters>;

/** What a client can receive (`join`). */
export const RtpCapabilities = Type.Object({
  codecs: Type.Optional(
    Type.Array(
      Type.Object({ ...codec, kind: Type.Optional(MediaKind), preferredPayloadType: Type.Optional(PayloadType) }),
      { maxItems: MAX_CODECS },
    ),
  ),
  headerExtensions: Type.Optional(
    Type.Array(
      Type.Object({
        kind: Type.Optional(MediaKind),
        uri: Text(256),
        preferredId: Whole(1, 255),
        preferredEncrypt: Type.Optional(Type.Boolean()),
        direction: Type.Optional(Type.Enum(['sendrecv', 'sendonly', 'recvonly', 'inactive'])),
      }),
      { maxItems: MAX_EXTENSIONS },
    ),
  ),
});
export type RtpCapabilities = Static<typeof RtpCapabilities>;

/** The client's side of a transport's encryption (`connectWebRtcTransport`). */
export const DtlsParameters = Type.Object({
  role: Type.Optional(Type.Enum(['auto', 'client', 'server'])),
  fingerprints: Type.Array(
    Type.Object({
      algorithm: Type.Enum(['sha-1', 'sha-224', 'sha-256', 'sha-384', 'sha-512']),
      value: Type.String({ pattern: '^[0-9A-Fa-f]{2}(:[0-9A-Fa-f]{2}){19,63}$' }),
    }),
    { minItems: 1, maxItems: MAX_FINGERPRINTS },
  ),
});
export type DtlsParameters = Static<typeof DtlsParameters>;

/** A data channel that a client opens (`produceData`). */
export const SctpStreamParameters = Type.Object({
  streamId: Whole(0, MAX_UINT16 - 1),
  ordered: Type.Optional(Type.Boolean()),
  maxPacketLifeTime: Type.Optional(Whole(0, MAX_UINT16)),
  maxRetransmits: Type.Optional(Whole(0, MAX_UINT16)),
});
export type SctpStreamParameters = Static<typeof SctpStreamParameters>;

/** How many data channels a client can have (`join`). */
export const SctpCapabilities = Type.Object({
  numStreams: Type.Optional(Type.Object({ OS: Whole(0, MAX_UINT16), MIS: Whole(0, MAX_UINT16) })),
});
