// How well media got through in a session, as callers get it. The reference names the fields and leaves their units
// open; they are told here.
import { Type } from 'typebox';
import { Timestamp } from './common.ts';

const Packets = (of: string) => Type.Number({ minimum: 0, description: `Packets of ${of}, since the row before.` });
const Ms = (what: string, kind: string) =>
  Type.Number({ minimum: 0, description: `${what} of ${kind} in milliseconds; 0 where nothing was measured.` });
const Bitrate = (of: string) => Type.Number({ minimum: 0, description: `bit/s of ${of}; 0 where there is none.` });
const Score = (kind: string) =>
  Type.Number({ minimum: 0, maximum: 5, description: `Of ${kind}, 1 (bad) to 5 (excellent); 0 while there is none.` });

export const StatsRow = Type.Object(
  {
    time: Timestamp('End of the interval of 10 seconds.'),
    recvAudioPacketLost: Packets('sound lost on the way from the server'),
    recvVideoPacketLost: Packets('pictures lost on the way from the server'),
    sendAudioPacketLost: Packets('sound lost on the way to the server'),
    sendVideoPacketLost: Packets('pictures lost on the way to the server'),
    averageAudioRtt: Ms('Round trip to the server and back', 'sound'),
    averageVideoRtt: Ms('Round trip to the server and back', 'pictures'),
    averageAudioJitter: Ms('Jitter', 'sound'),
    averageVideoJitter: Ms('Jitter', 'pictures'),
    averageSendAudioBitrate: Bitrate('sound that is sent'),
    averageSendVideoBitrate: Bitrate('pictures that are sent, all layers together'),
    averageRecvAudioBitrate: Bitrate('sound that is received, of everybody together'),
    averageRecvVideoBitrate: Bitrate('pictures that are received, of everybody together'),
    qualityScore: Type.Object({ audio: Score('sound'), video: Score('pictures') }),
  },
  {
    examples: [
      {
        time: '2022-03-25T04:50:10.000Z',
        recvAudioPacketLost: 0,
        recvVideoPacketLost: 2,
        sendAudioPacketLost: 0,
        sendVideoPacketLost: 0,
        averageAudioRtt: 21.4,
        averageVideoRtt: 21.9,
        averageAudioJitter: 1.2,
        averageVideoJitter: 3.5,
        averageSendAudioBitrate: 32718,
        averageSendVideoBitrate: 1778880,
        averageRecvAudioBitrate: 31674,
        averageRecvVideoBitrate: 1230353,
        qualityScore: { audio: 4.39, video: 4.71 },
      },
    ],
  },
);

const session = {
  sessionId: Type.String(),
  meetingId: Type.String({ description: 'The roomId.' }),
  stats: Type.Array(StatsRow, { description: 'Oldest first, at most the newest 10,000.' }),
};

export const SessionStatsBody = Type.Object(session, {
  description:
    'The session as a whole: bitrates, times and scores are means over the participants, packets are sums of theirs.',
});

/** Shorter sides of pictures; what lies between counts for the smaller one. */
export const RESOLUTIONS = ['180', '360', '720', '1080', '1440', '2160'] as const;

const Known = (description: string) => Type.String({ description: `${description}; "unknown" where it is not known.` });
const NotLookedUp = Type.String({ description: 'Always "unknown": addresses are not looked up.' });

export const ParticipantStatsBody = Type.Object({
  ...session,
  participantId: Type.String(),
  participantName: Type.String(),
  deviceInfo: Type.Object({ deviceName: Known('Browser or device'), deviceVersion: Known('Its version') }),
  sdkInfo: Type.Object({ sdkName: Known('SDK'), sdkVersion: Known('Its version') }),
  location: Type.Object({ country: NotLookedUp, city: NotLookedUp, region: NotLookedUp }),
  network: Type.Object({ asn: NotLookedUp, org: NotLookedUp }),
  resolutionUsage: Type.Array(
    Type.Object({
      ...Object.fromEntries(
        RESOLUTIONS.map((lines) => [lines, Type.Integer({ description: `Pictures sent with ${lines} lines.` })]),
      ),
      time: Timestamp('As in `stats`.'),
    }),
    { description: 'How many pictures it sent in which resolution: of each the largest layer that flowed.' },
  ),
});
