// Rooms: what callers send and get. Source: the reference's pages on create, list, get, validate and deactivate.
import { type Static, Type } from 'typebox';
import {
  AnyId,
  Flag,
  Links,
  Nullable,
  Open,
  oneOf,
  Page,
  PageQuery,
  ParticipantId,
  Text,
  Timestamp,
  warningsField,
} from './common.ts';
import { CompositeWish, Transcription } from './composition.ts';
import { StartHlsFields } from './hls.ts';
import { StartRecordingFields } from './recordings.ts';

/** Longest address of a webhook receiver. */
const MAX_ENDPOINT = 512;
const MAX_CUSTOM_ROOM_ID = 256;
/** Of a session in a room that says nothing else. */
export const DEFAULT_DURATION_MINUTES = 480;

const RoomWebhook = Open(
  {
    endPoint: Type.Optional(Text(MAX_ENDPOINT, 'http or https URL that receives the events by POST.')),
    events: Type.Optional(
      Type.Array(Text(64, 'Event name or pattern.'), {
        maxItems: 100,
        description: 'Event names; `*` stands for any characters. Absent: every event.',
        examples: [['session-*', 'recording-stopped']],
      }),
    ),
  },
  'Where events of this room are sent; one without both fields is none.',
);

const AutoCloseConfig = Open(
  {
    type: Type.Optional(
      oneOf(['session-ends', 'session-end-and-deactivate', 'session-end', 'session-ends-and-deactivate'], {
        description:
          '`session-end-and-deactivate` lets the room have one session only. The last two words are read as the first two.',
        default: 'session-ends',
      }),
    ),
    duration: Type.Optional(
      Type.Number({
        minimum: 0.01,
        maximum: 525_600,
        default: DEFAULT_DURATION_MINUTES,
        description: 'Minutes after the start of a session at which it is closed.',
      }),
    ),
  },
  'When a session is closed although people are in it.',
);
export type AutoCloseConfig = Static<typeof AutoCloseConfig>;

const AutoStartConfig = Open(
  {
    recording: Type.Optional(Open(StartRecordingFields, 'Records the whole room into one file.')),
    hls: Type.Optional(
      Open(StartHlsFields, 'Streams the whole room as HLS; `config.recording.enabled` keeps a file too.'),
    ),
    composite: Type.Optional(CompositeWish),
    transcription: Type.Optional(Transcription),
  },
  'What is started by itself when a session begins.',
);
export type AutoStartConfig = Static<typeof AutoStartConfig>;

const MultiComposition = Open(
  { recording: Type.Optional(Flag()), hls: Type.Optional(Flag()), rtmp: Type.Optional(Flag()) },
  'Whether several of one kind may run at once.',
);
export type MultiComposition = Static<typeof MultiComposition>;

export const CreateRoomBody = Type.Object(
  {
    customRoomId: Type.Optional(
      Type.String({
        minLength: 1,
        maxLength: MAX_CUSTOM_ROOM_ID,
        // Spaces and any script are fine; control characters would only ever come from a mistake. SDKs paste the id into
        // an address, of which nothing from # on is sent.
        pattern: '^[^#\\u0000-\\u001f\\u007f]+$',
        'x-allowed': `must be 1 to ${MAX_CUSTOM_ROOM_ID} characters without control characters and without #, which ends an address: clients could not join`,
        description: 'The caller’s own id. Using it again returns the room it already names, unchanged.',
        examples: ['aaa-bbb-ccc'],
      }),
    ),
    webhook: Type.Optional(RoomWebhook),
    autoCloseConfig: Type.Optional(AutoCloseConfig),
    autoStartConfig: Type.Optional(AutoStartConfig),
    multiComposition: Type.Optional(MultiComposition),
    geoFence: Type.Optional(Text(64, 'Region code; stored and returned, this server has one region.')),
    allowedParticipantIds: Type.Optional(
      Type.Array(ParticipantId, { maxItems: 10_000, description: 'Only these participants may join.' }),
    ),
    region: Type.Optional(Type.Unknown({ description: 'Discontinued; ignored.' })),
  },
  {
    examples: [
      {
        customRoomId: 'aaa-bbb-ccc',
        webhook: { endPoint: 'https://hooks.example.com/rooms', events: ['session-*', 'participant-joined'] },
        autoCloseConfig: { type: 'session-end-and-deactivate', duration: 60 },
        autoStartConfig: { recording: { config: { layout: { type: 'GRID', priority: 'SPEAKER', gridSize: 4 } } } },
      },
    ],
  },
);
export type CreateRoomBody = Static<typeof CreateRoomBody>;

export const ListRoomsQuery = Type.Object({
  ...PageQuery,
  query: Type.Optional(Type.String({ maxLength: 256, description: 'Exactly this roomId or customRoomId.' })),
});

export const RoomIdParams = Type.Object({ roomId: AnyId });

export const DeactivateRoomBody = Open({
  roomId: Text(256, 'The roomId; a customRoomId is refused with 402.'),
});

const roomFields = {
  roomId: Type.String({ description: 'Id of the room, the meeting id of the SDKs.', examples: ['2kyv-gzay-64pg'] }),
  customRoomId: Nullable(Type.String()),
  userId: Type.String({ description: 'Owner of the API key.' }),
  apiKey: Type.String({ description: 'The key it was created with.' }),
  disabled: Type.Boolean({ description: 'True once deactivated; nobody can join any more.' }),
  createdAt: Timestamp('When it was created.'),
  updatedAt: Timestamp('When it last changed.'),
  id: Type.String({ description: 'Object id, 24 hex digits.' }),
  links: Links,
  webhook: RoomWebhook,
  autoCloseConfig: AutoCloseConfig,
  autoStartConfig: Type.Optional(AutoStartConfig),
  multiComposition: Type.Optional(MultiComposition),
  geoFence: Type.Optional(Type.String()),
  allowedParticipantIds: Type.Optional(Type.Array(Type.String())),
};

export const RoomBody = Type.Object(roomFields, {
  description: 'A room.',
  examples: [
    {
      roomId: '2kyv-gzay-64pg',
      customRoomId: 'aaa-bbb-ccc',
      userId: '5f7edbb14c938bcd42944527',
      apiKey: 'b7f0c1de-5d1c-4e6a-9a55-0d8a4f6f2c11',
      disabled: false,
      createdAt: '2022-03-25T04:49:11.024Z',
      updatedAt: '2022-03-25T04:49:11.024Z',
      id: '623d49c760a18e699abcc8a4',
      links: {
        get_room: 'https://rooms.example.com/v2/rooms/2kyv-gzay-64pg',
        get_session: 'https://rooms.example.com/v2/sessions/',
      },
      webhook: { events: [] },
      autoCloseConfig: { type: 'session-ends', duration: DEFAULT_DURATION_MINUTES },
    },
  ],
});

export const CreatedRoomBody = Type.Object({ ...roomFields, ...warningsField }, { description: 'The room.' });

const Owner = Type.Object(
  {
    email: Nullable(Type.String()),
    name: Nullable(Type.String()),
    discontinuedReason: Type.Null(),
    id: Type.String(),
  },
  { description: 'Owner of the API key.' },
);

export const OwnedRoomBody = Type.Object({ ...roomFields, user: Owner }, { description: 'A room with its owner.' });

export const DeactivatedRoomBody = Type.Object(
  {
    ...roomFields,
    user: Owner,
    meetingId: Type.String({ description: 'The same as `roomId`.' }),
    userMeetingId: Nullable(Type.String({ description: 'The same as `customRoomId`.' })),
  },
  { description: 'The deactivated room, under both names of its ids.' },
);

/** Members of answers that say something of a room and choose nothing: every answer can be sent to create again. */
export const READ_ONLY_FIELDS: ReadonlySet<string> = new Set([
  ...Object.keys(DeactivatedRoomBody.properties),
  ...Object.keys(warningsField),
]);

export const RoomPage = Page(
  Type.Object({
    ...roomFields,
    user: Owner,
    allowedParticipantIdsCount: Type.Optional(
      Type.Integer({
        description: 'In place of more than 100 `allowedParticipantIds`, which getting the room returns.',
      }),
    ),
  }),
);
