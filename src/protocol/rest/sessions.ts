// Sessions and their participants: what callers send and get. Source: the reference's pages on sessions.
import { type Static, Type } from 'typebox';
import { AnyId, Flag, Links, Nullable, Open, oneOf, Page, PageInfo, PageQuery, Text, Timestamp } from './common.ts';

/** Last instant JavaScript can name; a later one would not be a date. */
const MAX_EPOCH_MS = 8_640_000_000_000_000;
const EpochMs = (description: string) => Type.Integer({ minimum: 0, maximum: MAX_EPOCH_MS, description });

const SESSION_STATUSES = ['ongoing', 'ended'] as const;

export const ListSessionsQuery = Type.Object({
  ...PageQuery,
  roomId: Type.Optional(
    Type.String({ maxLength: 256, description: 'Sessions of this room (roomId or customRoomId).' }),
  ),
  customRoomId: Type.Optional(
    Type.String({ maxLength: 256, description: 'Sessions of the room of this customRoomId.' }),
  ),
  query: Type.Optional(Type.String({ maxLength: 256, description: 'Exactly this roomId or customRoomId.' })),
  status: Type.Optional(
    oneOf([...SESSION_STATUSES, 'active'], { description: 'Live sessions, or past ones; `active` is `ongoing`.' }),
  ),
  startDate: Type.Optional(EpochMs('Started at or after this time, in milliseconds since 1970.')),
  endDate: Type.Optional(EpochMs('Started at or before this time, in milliseconds since 1970.')),
  userId: Type.Optional(Type.String({ maxLength: 256, description: 'Owner; another than one’s own has no sessions.' })),
});
export type ListSessionsQuery = Static<typeof ListSessionsQuery>;

export const SessionIdParams = Type.Object({ sessionId: AnyId });
export const ParticipantParams = Type.Object({ sessionId: AnyId, participantId: AnyId });
export const ParticipantsQuery = Type.Object(PageQuery);

const whichSession = {
  roomId: Type.Optional(Text(256, 'roomId or customRoomId.')),
  meetingId: Type.Optional(Text(256, 'The same as `roomId`.')),
  sessionId: Type.Optional(Text(256, 'One session of that room, or without roomId any of the caller’s.')),
};

export const EndSessionBody = Open({
  ...whichSession,
  vsdkForceKill: Type.Optional(Flag('Accepted; a session always ends at once.')),
  ignoreClosed: Type.Optional(Flag('Accepts a session that has already ended.')),
});
export type EndSessionBody = Static<typeof EndSessionBody>;

export const RemoveParticipantBody = Open({
  ...whichSession,
  participantId: Text(128, 'Who is removed.'),
});
export type RemoveParticipantBody = Static<typeof RemoveParticipantBody>;

const SpanBody = Type.Object({ start: Timestamp('Begin.'), end: Nullable(Timestamp('End; null while it lasts.')) });
const Spans = (description: string) => Type.Array(SpanBody, { description });

export const ParticipantBody = Type.Object({
  _id: Type.String({ description: 'Object id.' }),
  participantId: Type.String(),
  name: Type.String(),
  mode: Type.String({ description: 'Mode of the participant now, or when it left.' }),
  timelog: Spans('One entry per stay.'),
  changeModeHistory: Type.Optional(
    Type.Array(Type.Object({ mode: Type.String(), timelog: Timestamp('When.'), _id: Type.String() })),
  ),
  events: Type.Optional(
    Type.Object(
      {
        mic: Spans('Microphone on.'),
        webcam: Spans('Camera on.'),
        screenShare: Spans('Screen shared.'),
        screenShareAudio: Spans('Sound of the screen shared.'),
      },
      { description: 'When each kind of media was sent.' },
    ),
  ),
  deviceInfo: Type.Optional(Type.Unknown({ description: 'What the SDK told of the device.' })),
});

const sessionFields = {
  id: Type.String({ description: 'Object id, 24 hex digits.' }),
  roomId: Type.String(),
  customRoomId: Nullable(Type.String()),
  userId: Type.String(),
  apiKey: Type.String({ description: 'The key whose token began it.' }),
  region: Type.String(),
  start: Timestamp('When the first participant entered.'),
  end: Nullable(Timestamp('When it ended; null while it lasts.')),
  status: oneOf(SESSION_STATUSES),
  activeDuration: Type.Number({ description: 'Seconds it has lasted.' }),
  participants: Type.Array(ParticipantBody),
  hlsLog: Type.Array(Type.Unknown(), { description: 'Always empty.' }),
  links: Links,
};

export const SessionBody = Type.Object(sessionFields, {
  description: 'A session: one occupancy of a room.',
  examples: [
    {
      id: '623d49c760a18e699abcc8a4',
      roomId: '2kyv-gzay-64pg',
      customRoomId: 'aaa-bbb-ccc',
      userId: '5f7edbb14c938bcd42944527',
      apiKey: 'b7f0c1de-5d1c-4e6a-9a55-0d8a4f6f2c11',
      region: 'local',
      start: '2022-03-25T04:50:00.000Z',
      end: null,
      status: 'ongoing',
      activeDuration: 61.5,
      participants: [
        {
          _id: '623d49c860a18e699abcc8a5',
          participantId: 'ann',
          name: 'Ann',
          mode: 'SEND_AND_RECV',
          timelog: [{ start: '2022-03-25T04:50:00.000Z', end: null }],
          changeModeHistory: [],
          events: {
            mic: [{ start: '2022-03-25T04:50:02.000Z', end: null }],
            webcam: [],
            screenShare: [],
            screenShareAudio: [],
          },
        },
      ],
      hlsLog: [],
      links: {
        get_room: 'https://rooms.example.com/v2/rooms/2kyv-gzay-64pg',
        get_session: 'https://rooms.example.com/v2/sessions/',
      },
    },
  ],
});
export const SessionPage = Page(
  Type.Object({
    ...sessionFields,
    participantsCount: Type.Optional(
      Type.Integer({ description: 'How many there were, where not all are listed; the session’s own list has pages.' }),
    ),
  }),
);

export const EndedSessionBody = Type.Object(
  {
    ...sessionFields,
    meetingId: Type.String({ description: 'The same as `roomId`.' }),
    userMeetingId: Nullable(Type.String({ description: 'The same as `customRoomId`.' })),
  },
  { description: 'The session as it was when its end was asked for.' },
);

export const ParticipantsPage = Type.Object({
  pageInfo: PageInfo,
  data: Type.Object(sessionFields, { description: 'The session with this page of its participants.' }),
});

export const ActiveParticipantsPage = Type.Object({
  pageInfo: PageInfo,
  data: Type.Array(Type.Object({ ...sessionFields, _id: Type.String() }), {
    description: 'The session, alone, with this page of those present.',
  }),
});
