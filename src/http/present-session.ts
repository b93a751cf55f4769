// Sessions and participants as answers show them.
import type { ListedSession, Session, SessionParticipant, Span } from '../protocol/session.ts';
import type { Links } from './links.ts';

/** A session as get answers. */
export function presentSession(session: Session, links: Links) {
  const { startedAt, endedAt } = session;
  const activeMs = (endedAt ?? new Date()).getTime() - startedAt.getTime();
  return {
    id: session.id,
    roomId: session.roomId,
    customRoomId: session.customRoomId,
    userId: session.ownerId,
    apiKey: session.apiKey,
    region: session.region,
    start: startedAt.toISOString(),
    end: endedAt?.toISOString() ?? null,
    status: endedAt ? ('ended' as const) : ('ongoing' as const),
    activeDuration: Math.max(0, activeMs / 1000),
    participants: session.participants.map(presentParticipant),
    hlsLog: [],
    links: links.room(session.roomId),
  };
}

/** A session as the list answers. */
export function presentListedSession(session: ListedSession, links: Links) {
  const { participantsCount } = session;
  return {
    ...presentSession(session, links),
    ...(participantsCount !== null && { participantsCount }),
    links: links.sessionInList(session.roomId, session.id),
  };
}

/** A session as end answers: under the older names of its ids too. */
export function presentEndedSession(session: Session, links: Links) {
  return { ...presentSession(session, links), meetingId: session.roomId, userMeetingId: session.customRoomId };
}

/** A session as the list of those present answers: its id goes by another name there. */
export function presentActiveSession(session: Session, links: Links) {
  return { ...presentSession(session, links), _id: session.id, links: links.participants(session.id) };
}

export function presentParticipant(participant: SessionParticipant) {
  const { mic, webcam, screenShare, screenShareAudio } = participant.events;
  return {
    _id: participant.id,
    participantId: participant.participantId,
    name: participant.name,
    mode: participant.mode,
    timelog: participant.timelog.map(presentSpan),
    changeModeHistory: participant.modeChanges.map(({ id, mode, at }) => ({
      mode,
      timelog: at.toISOString(),
      _id: id,
    })),
    events: {
      mic: mic.map(presentSpan),
      webcam: webcam.map(presentSpan),
      screenShare: screenShare.map(presentSpan),
      screenShareAudio: screenShareAudio.map(presentSpan),
    },
    ...(participant.deviceInfo != null && { deviceInfo: participant.deviceInfo }),
  };
}

function presentSpan({ start, end }: Span) {
  return { start: start.toISOString(), end: end?.toISOString() ?? null };
}
