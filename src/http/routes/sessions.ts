import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import { Type } from 'typebox';
import { pageInfo, pagingOf } from '../../protocol/rest/common.ts';
import {
  ActiveParticipantsPage,
  EndedSessionBody,
  EndSessionBody,
  ListSessionsQuery,
  ParticipantBody,
  ParticipantParams,
  ParticipantsPage,
  ParticipantsQuery,
  RemoveParticipantBody,
  SessionBody,
  SessionIdParams,
  SessionPage,
} from '../../protocol/rest/sessions.ts';
import type { Rooms } from '../../rooms/rooms.ts';
import { documented, jsonText } from '../documented.ts';
import type { Links } from '../links.ts';
import {
  presentActiveSession,
  presentEndedSession,
  presentListedSession,
  presentParticipant,
  presentSession,
} from '../present-session.ts';

/** `/v2/sessions` */
export function sessionRoutes({ rooms, links }: { rooms: Rooms; links: Links }): FastifyPluginAsyncTypebox {
  const { sessions } = rooms;
  const doc = documented('Sessions');
  return async (app) => {
    app.get(
      '/',
      {
        schema: doc('List sessions', {
          querystring: ListSessionsQuery,
          ok: SessionPage,
          description:
            'Newest first, each with its first participants: at most 100, and fewer on pages of more than 20 sessions.',
        }),
      },
      async ({ caller, query }) => {
        const paging = pagingOf(query);
        const found = await sessions.list(caller, query, paging);
        return {
          pageInfo: pageInfo(paging, found.total),
          data: found.sessions.map((session) => presentListedSession(session, links)),
        };
      },
    );

    app.get(
      '/:sessionId',
      { schema: doc('Get a session', { params: SessionIdParams, ok: SessionBody }) },
      async ({ caller, params }) => {
        const session = await sessions.get(caller, params.sessionId);
        return presentSession(session, links);
      },
    );

    app.get(
      '/:sessionId/participants',
      {
        schema: doc('List participants of a session', {
          params: SessionIdParams,
          querystring: ParticipantsQuery,
          ok: ParticipantsPage,
        }),
      },
      async ({ caller, params, query }) => {
        const paging = pagingOf(query);
        const found = await sessions.participants(caller, params.sessionId, { present: false }, paging);
        return { pageInfo: pageInfo(paging, found.total), data: presentSession(found.session, links) };
      },
    );

    app.get(
      '/:sessionId/participants/active',
      {
        schema: doc('List participants present in a session', {
          params: SessionIdParams,
          querystring: ParticipantsQuery,
          ok: ActiveParticipantsPage,
        }),
      },
      async ({ caller, params, query }) => {
        const paging = pagingOf(query);
        const found = await sessions.participants(caller, params.sessionId, { present: true }, paging);
        return { pageInfo: pageInfo(paging, found.total), data: [presentActiveSession(found.session, links)] };
      },
    );

    app.get(
      '/:sessionId/participants/:participantId',
      { schema: doc('Get a participant of a session', { params: ParticipantParams, ok: ParticipantBody }) },
      async ({ caller, params }) => {
        const participant = await sessions.participant(caller, params.sessionId, params.participantId);
        return presentParticipant(participant);
      },
    );

    app.post(
      '/end',
      {
        schema: doc('End a session', {
          body: EndSessionBody,
          ok: EndedSessionBody,
          description:
            'Names a room or a session, and answers the session as it was when this was asked for. Everybody in it leaves.',
        }),
      },
      async ({ caller, body }) => {
        const session = await sessions.end(caller, body);
        return presentEndedSession(session, links);
      },
    );

    app.post(
      '/participants/remove',
      {
        schema: doc('Remove a participant', {
          body: RemoveParticipantBody,
          ok: Type.String({ examples: ['Participant removed successfully'] }),
          description: 'Makes somebody leave a live session; they may join again.',
        }),
      },
      async ({ caller, body }, reply) => {
        await sessions.removeParticipant(caller, body);
        return jsonText(reply, 'Participant removed successfully');
      },
    );
  };
}
