// Recordings, HLS streams and livestreams as answers show them.

import type { Shown } from '../egress/egress.ts';
import { fileUrl, hlsUrls } from '../egress/egress-state.ts';
import { type Continuation, type Egress, type RecordingFile, recordingFile } from '../protocol/egress.ts';
import type { EgressBody, EgressRow } from '../protocol/rest/dashboard.ts';
import type { HlsAddresses, WatchedFile, WatchedHls, WatchedRecording } from '../protocol/rest/watching.ts';
import type { Links } from './links.ts';

/** As FFmpeg names the family of containers that MP4 is one of, and Matroska's. */
const FORMATS = { mp4: 'mov,mp4,m4a,3gp,3g2,mj2', webm: 'matroska,webm' } as const;

export function presentRecording(shown: Shown, links: Links) {
  const { egress } = shown;
  const { gaps } = egress;
  const file = recordingFile(egress);
  return {
    id: egress.id,
    userId: egress.ownerId,
    roomId: egress.roomId,
    sessionId: egress.sessionId,
    createdAt: egress.createdAt.toISOString(),
    updatedAt: egress.updatedAt.toISOString(),
    fileId: file?.id ?? null,
    file: file && presentFile(file, fileUrl(egress)),
    start: egress.startedAt?.toISOString() ?? null,
    end: egress.endedAt?.toISOString() ?? null,
    ...presentStatus(shown),
    ...(gaps.length > 0 && { gaps: presentGaps(egress) }),
    webhook: shown.webhook,
    links: {
      ...links.sessionInList(egress.roomId, egress.sessionId),
      ...(file && { recording_page: links.recordingPage(egress.id, file.token) }),
    },
  };
}

function presentFile(file: RecordingFile, url: string | null) {
  const { width, height } = file;
  const resolution = width !== null && height !== null ? { width, height } : undefined;
  return {
    id: file.id,
    type: file.type,
    size: file.size,
    meta: { ...(resolution && { resolution }), format: FORMATS[file.format], duration: file.duration },
    filePath: file.key,
    fileUrl: url,
    ratio: file.duration > 0 ? { [resolution?.height ?? 'audio']: file.size / file.duration } : {},
    userStorage: file.storedIn === 's3' ? { type: 's3', path: file.key } : null,
    createdAt: file.createdAt.toISOString(),
    updatedAt: file.updatedAt.toISOString(),
  };
}

export function presentHls(shown: Shown, links: Links) {
  const { egress } = shown;
  const { config } = egress;
  return {
    id: egress.id,
    roomId: egress.roomId,
    sessionId: egress.sessionId,
    ...presentTimes(egress),
    duration: durationOf(egress),
    ...hlsUrls(egress),
    composerId: egress.compositionId,
    mode: config.mode,
    quality: config.quality,
    orientation: config.orientation,
    captureLog: [],
    playable: egress.playableAt !== null,
    ...presentStatus(shown),
    webhook: shown.webhook,
    links: { ...links.sessionInList(egress.roomId, egress.sessionId), watch_page: links.watchPage(egress.id) },
  };
}

export function presentLivestream(shown: Shown, links: Links) {
  const { egress } = shown;
  return {
    id: egress.id,
    roomId: egress.roomId,
    sessionId: egress.sessionId,
    outputs: egress.outputs,
    ...presentTimes(egress),
    composerId: egress.compositionId,
    ...presentStatus(shown),
    webhook: shown.webhook,
    links: links.sessionInList(egress.roomId, egress.sessionId),
  };
}

/** What whoever has the link of a stream may know. */
export function presentWatchedHls(egress: Egress, continuation: Continuation, links: Links): WatchedHls {
  const { id, status, reason, startedAt, endedAt, config } = egress;
  return {
    ...{ id, status, reason },
    start: startedAt?.toISOString() ?? null,
    end: endedAt?.toISOString() ?? null,
    mode: config.mode,
    orientation: config.orientation,
    ...addressesOf(egress, links),
    ...continuation,
  };
}

/** What whoever has the link of a recording may know. */
export function presentWatchedRecording(
  egress: Egress,
  file: RecordingFile,
  room: string,
  links: Links,
): WatchedRecording {
  return {
    id: egress.id,
    room,
    start: egress.startedAt?.toISOString() ?? null,
    end: egress.endedAt?.toISOString() ?? null,
    gaps: presentGaps(egress),
    file: presentWatchedFile(egress, file, links),
  };
}

/** All that its owner sees of one on the dashboard. */
export function presentForOwner({ egress, webhook }: Shown, row: EgressRow, links: Links): EgressBody {
  const { outputs, webhookUrl } = egress;
  const file = recordingFile(egress);
  const pageUrl = file && links.recordingPage(egress.id, file.token);
  return {
    ...row,
    ...{ outputs, webhookUrl, webhook },
    hls: egress.kind === 'hls' ? addressesOf(egress, links) : null,
    recorded: file && { ...presentWatchedFile(egress, file, links), key: file.key, storedIn: file.storedIn },
    pageUrl: egress.kind === 'hls' ? links.watchPage(egress.id) : pageUrl,
  };
}

function addressesOf(egress: Egress, links: Links): HlsAddresses {
  const { playbackHlsUrl, livestreamUrl } = hlsUrls(egress);
  return {
    playable: egress.playableAt !== null,
    playbackHlsUrl: links.forPages(playbackHlsUrl),
    livestreamUrl: links.forPages(livestreamUrl),
  };
}

function presentWatchedFile(egress: Egress, file: RecordingFile, links: Links): WatchedFile {
  const { type, format, size, duration, width, height } = file;
  return { type, format, size, duration, width, height, url: links.forPages(fileUrl(egress) ?? '') };
}

function presentGaps({ gaps }: Egress) {
  return gaps.map(({ at, ms }) => ({ at: at.toISOString(), duration: ms / 1000 }));
}

function presentTimes({ startedAt, createdAt, endedAt }: Egress) {
  return { start: (startedAt ?? createdAt).toISOString(), end: endedAt?.toISOString() ?? null };
}

function presentStatus({ egress, position }: Shown) {
  return {
    status: egress.status,
    ...(egress.reason !== null && { reason: egress.reason }),
    ...(position !== undefined && { queuePosition: position }),
  };
}

/** Seconds. */
function durationOf({ startedAt, endedAt }: Egress): number {
  return startedAt ? Math.max(0, ((endedAt ?? new Date()).getTime() - startedAt.getTime()) / 1000) : 0;
}
