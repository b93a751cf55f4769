// What leaves a session as one composed picture and sound: recordings, HLS streams and livestreams, as the parts of the
// server hand them to each other; the wire's shapes are built from it.
import type { CompositionConfig } from './composition.ts';

export type EgressKind = 'recording' | 'hls' | 'livestream';

/**
 * `queued`: waits for a free slot. `starting`: being launched. `active`: picture or sound flows. `stopping`: the rest is
 * written. The last three are final: it ended as asked, it broke, or it was called off before it began.
 */
export type EgressStatus = 'queued' | 'starting' | 'active' | 'stopping' | 'completed' | 'failed' | 'aborted';

export type FileFormat = 'mp4' | 'webm';

/** Where a livestream goes: an RTMP server and the key it knows the stream by. */
export interface LivestreamOutput {
  url: string;
  streamKey: string;
}

/** Of one livestream. */
export const MAX_OUTPUTS = 16;

/** What to do about the room when an egress fails. */
export interface OnFailure {
  action: 'close-room';
  /** Seconds. */
  waitTime: number;
}

/** What one egress does, checked and with every default filled in. */
export interface EgressPlan {
  kind: EgressKind;
  config: CompositionConfig;
  webhookUrl: string | null;
  /** Of a livestream; empty otherwise. */
  outputs: LivestreamOutput[];
  /** Of a recording. */
  fileFormat: FileFormat;
  /** Folder inside the storage, without slashes at its ends; empty for the usual one. */
  dirPath: string;
  /** An address that the finished file is put to, beside the storage. */
  preSignedUrl: string | null;
  onFailure: OnFailure | null;
}

/** What has come of an egress and is kept: the file of a recording, or the folder of an HLS stream. */
export interface EgressFile {
  id: string;
  type: 'video' | 'audio';
  /** Bytes. */
  size: number;
  /** Seconds. */
  duration: number;
  width: number | null;
  height: number | null;
  format: FileFormat | 'm3u8';
  /** Where it is in the storage: `recordings/<id>.mp4`, `hls/<name of the folder>`. */
  key: string;
  /** The unguessable part of its address. */
  token: string;
  /** On this machine, while it is kept here. */
  localPath: string | null;
  /** The storage that has confirmed it. */
  storedIn: 'file' | 's3' | null;
  createdAt: Date;
  updatedAt: Date;
}

export type RecordingFile = EgressFile & { format: FileFormat };

/** The file of a recording; an HLS stream has a folder instead. */
export function recordingFile(egress: Pick<Egress, 'file'> | undefined): RecordingFile | null {
  const file = egress?.file;
  return file && file.format !== 'm3u8' ? (file as RecordingFile) : null;
}

/** Where a node died: what an egress goes on for, and what goes on for it. */
export interface Continuation {
  continues: string | null;
  continuedBy: { id: string; ended: boolean } | null;
}

/** A stretch that a recording lacks, because its compositor had to be started anew. */
export interface Gap {
  at: Date;
  ms: number;
}

export interface Egress extends EgressPlan {
  /** Object id, 24 hex digits. */
  id: string;
  sessionId: string;
  roomId: string;
  ownerId: string;
  /** The node that runs it, and has its files. */
  nodeId: string;
  /** Public address of that node. */
  baseUrl: string;
  /** The node that its session lives on. */
  sessionNodeId: string;
  /** Composition that it is an output of, once launched. */
  compositionId: string | null;
  status: EgressStatus;
  /** Why it failed or was called off. */
  reason: string | null;
  /** The unguessable name of an HLS stream's folder. */
  folder: string | null;
  gaps: Gap[];
  file: EgressFile | null;
  createdAt: Date;
  updatedAt: Date;
  /** When picture or sound began to flow. */
  startedAt: Date | null;
  /** When a player could first play it (HLS). */
  playableAt: Date | null;
  endedAt: Date | null;
}

/** Attempts to deliver the events of one egress, summed up. */
export interface WebhookSummary {
  totalCount: number;
  successCount: number;
  data: { type: string; success: boolean }[];
}
