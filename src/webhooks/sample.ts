// What an event of each kind looks like, for trying out a receiver.
import { type EventType, webhookTime } from '../protocol/events.ts';
import { newObjectId } from '../protocol/ids.ts';

/** Data of a made-up event, with the members that a real one of this type has. */
export function sampleData(type: EventType, now: Date): Record<string, unknown> {
  const where = { meetingId: 'abcd-efgh-ijkl', sessionId: newObjectId(now) };
  const end = webhookTime(now);
  const start = webhookTime(new Date(now.getTime() - 60_000));
  switch (type) {
    case 'participant-joined':
    case 'participant-left':
      return { ...where, participantId: 'xyzlmno1', participantName: 'Sample Participant' };
    case 'session-started':
      return { sessionId: where.sessionId, meetingId: where.meetingId, start };
    case 'session-ended':
      return { sessionId: where.sessionId, meetingId: where.meetingId, start, end };
    case 'recording-stopped':
      return { ...where, filePath: '/encoded/videos/sample.mp4', fileUrl: 'https://example.com/sample.mp4' };
    case 'hls-started':
    case 'hls-playable': {
      const url = 'https://example.com/sample/index.m3u8';
      return { ...where, playbackHlsUrl: url, livestreamUrl: url, downstreamUrl: url };
    }
    default:
      return where;
  }
}
