// Samples of quality as answers show them: always numbers, since clients calculate with them.
import type { QualitySample } from '../protocol/quality.ts';
import { RESOLUTIONS } from '../protocol/rest/session-stats.ts';
import type { SessionParticipant } from '../protocol/session.ts';

const UNKNOWN = 'unknown';

interface Named {
  id: string;
  roomId: string;
}

export function presentSessionStats({ id, roomId }: Named, samples: readonly QualitySample[]) {
  return { sessionId: id, meetingId: roomId, stats: samples.map(presentSample) };
}

export function presentParticipantStats(
  session: Named,
  { participantId, name, deviceInfo }: SessionParticipant,
  samples: readonly QualitySample[],
) {
  const { sdkType, sdkVersion, platform, browserUserAgent } = fieldsOf(deviceInfo);
  const browser = fieldsOf(fieldsOf(browserUserAgent).browser);
  return {
    ...presentSessionStats(session, samples),
    participantId,
    participantName: name,
    deviceInfo: { deviceName: known(browser.name ?? platform), deviceVersion: known(browser.version) },
    sdkInfo: { sdkName: known(sdkType), sdkVersion: known(sdkVersion) },
    location: { country: UNKNOWN, city: UNKNOWN, region: UNKNOWN },
    network: { asn: UNKNOWN, org: UNKNOWN },
    resolutionUsage: samples.map(({ at, sentHeights }) => ({ ...usageOf(sentHeights), time: at.toISOString() })),
  };
}

function presentSample({ at, audio, video }: QualitySample) {
  return {
    time: at.toISOString(),
    recvAudioPacketLost: audio.recvLost,
    recvVideoPacketLost: video.recvLost,
    sendAudioPacketLost: audio.sendLost,
    sendVideoPacketLost: video.sendLost,
    averageAudioRtt: measured(audio.rttMs),
    averageVideoRtt: measured(video.rttMs),
    averageAudioJitter: measured(audio.jitterMs),
    averageVideoJitter: measured(video.jitterMs),
    averageSendAudioBitrate: audio.sendBitrate,
    averageSendVideoBitrate: video.sendBitrate,
    averageRecvAudioBitrate: audio.recvBitrate,
    averageRecvVideoBitrate: video.recvBitrate,
    qualityScore: { audio: measured(audio.score), video: measured(video.score) },
  };
}

/** Hundredths are as exact as any of it is. */
function measured(value: number | null): number {
  return Math.round((value ?? 0) * 100) / 100;
}

function usageOf(heights: readonly number[]): Record<string, number> {
  const classes = heights.map((height) => RESOLUTIONS.findLast((lines) => Number(lines) <= height) ?? RESOLUTIONS[0]);
  return Object.fromEntries(RESOLUTIONS.map((lines) => [lines, classes.filter((it) => it === lines).length]));
}

/** Clients may send anything as their device. */
function fieldsOf(value: unknown): Record<string, unknown> {
  return value !== null && typeof value === 'object' ? (value as Record<string, unknown>) : {};
}

function known(value: unknown): string {
  return typeof value === 'string' && value ? value : UNKNOWN;
}
