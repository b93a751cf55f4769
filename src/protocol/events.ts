// The events a room tells of: names as webhooks carry them, and the shape of each `data`.

export const EVENT_TYPES = [
  'participant-joined',
  'participant-left',
  'session-started',
  'session-ended',
  'recording-starting',
  'recording-started',
  'recording-stopping',
  'recording-stopped',
  'recording-failed',
  'livestream-starting',
  'livestream-started',
  'livestream-stopping',
  'livestream-stopped',
  'livestream-failed',
  'hls-starting',
  'hls-started',
  'hls-playable',
  'hls-stopping',
  'hls-stopped',
  'hls-failed',
] as const;

export type EventType = (typeof EVENT_TYPES)[number];

/** Events that the reference added later; rooms may subscribe to them, whether or not we send them yet. */
export const LATER_EVENT_TYPES = [
  'participant-recording-starting',
  'participant-recording-started',
  'participant-recording-stopping',
  'participant-recording-stopped',
  'participant-recording-failed',
  'participant-track-recording-starting',
  'participant-track-recording-started',
  'participant-track-recording-stopping',
  'participant-track-recording-stopped',
  'participant-track-recording-failed',
  'merge-recording-completed',
  'merge-recording-failed',
  'transcription-started',
  'transcription-stopped',
  'transcription-failed',
  'transcription-completed',
  'composite-merge-started',
  'composite-merge-completed',
  'composite-merge-failed',
  'composite-merge-cancelled',
  'resource-acquired',
  'ai-deployment-session-starting',
  'ai-deployment-session-started',
  'ai-deployment-session-stopping',
  'ai-deployment-session-stopped',
  'ai-deployment-session-failed',
  'agent-session-starting',
  'agent-session-started',
  'agent-session-stopping',
  'agent-session-stopped',
  'agent-session-failed',
  'batchcall-started',
  'batchcall-completed',
] as const;

/** Values an event's `data` may hold; all of them are strings on the wire today. */
export type EventData = Record<string, unknown> & { meetingId: string; sessionId: string };

/** Something that happened in a session, as it is handed to the store for publication. */
export interface SessionEvent {
  type: EventType;
  sessionId: string;
  data: EventData;
  at: Date;
  /** A receiver of this one event beside the room's and the key's, such as a recording's `webhookUrl`. */
  webhookUrl?: string | undefined;
}

/** Webhook timestamps use the offset form, `2022-07-05T15:55:35.047+00:00`. */
export function webhookTime(date: Date): string {
  return date.toISOString().replace('Z', '+00:00');
}
