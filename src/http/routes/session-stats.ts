import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import { ParticipantStatsBody, SessionStatsBody } from '../../protocol/rest/session-stats.ts';
import { ParticipantParams, SessionIdParams } from '../../protocol/rest/sessions.ts';
import type { Quality } from '../../quality/quality.ts';
import type { Rooms } from '../../rooms/rooms.ts';
import { documented } from '../documented.ts';
import { presentParticipantStats, presentSessionStats } from '../present-stats.ts';

/** `/v2/sessions/:sessionId/stats` and, in the singular, `/participant/:participantId/stats`. */
export function sessionStatsRoutes(deps: {
  rooms: Rooms;
  quality: Pick<Quality, 'ofSession' | 'ofParticipant'>;
}): FastifyPluginAsyncTypebox {
  const { quality } = deps;
  const { sessions } = deps.rooms;
  const doc = documented('Sessions');
  return async (app) => {
    app.get(
      '/:sessionId/stats',
      {
        schema: doc('Get the quality of a session', {
          params: SessionIdParams,
          ok: SessionStatsBody,
          description: 'Measured every 10 seconds while the session lasts; the first row comes after 10 to 20 seconds.',
        }),
      },
      async ({ caller, params }) => {
        const session = await sessions.get(caller, params.sessionId);
        return presentSessionStats(session, await quality.ofSession(session.id));
      },
    );

    app.get(
      '/:sessionId/participant/:participantId/stats',
      { schema: doc('Get the quality of a participant', { params: ParticipantParams, ok: ParticipantStatsBody }) },
      async ({ caller, params }) => {
        const { sessionId, participantId } = params;
        const participant = await sessions.participant(caller, sessionId, participantId);
        const session = await sessions.get(caller, sessionId);
        return presentParticipantStats(session, participant, await quality.ofParticipant(participant.id));
      },
    );
  };
}
