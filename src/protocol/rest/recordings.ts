// Recordings of whole rooms: what callers send and get. Source: the reference's pages on recordings.
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
  Text,
  Timestamp,
  warningsField,
} from './common.ts';
import { compositionWish } from './composition.ts';

const Url = (description: string) => Text(2048, description);

export const RoomField = {
  roomId: Text(256, 'roomId or customRoomId of a room with a live session.'),
};

export const WebhookUrlField = {
  webhookUrl: Type.Optional(Text(512, 'http or https URL that receives the events of this one, beside the room’s.')),
  resourceId: Type.Optional(
    Type.Unknown({
      description: 'A unit acquired beforehand.',
      'x-not-served': 'there are no units to acquire here',
    }),
  ),
};

export const StartRecordingFields = {
  ...compositionWish,
  ...WebhookUrlField,
  preSignedUrl: Type.Optional(Url('Address that the finished file is put to as well.')),
  preSignedURL: Type.Optional(Url('The same as `preSignedUrl`.')),
  presignedUrl: Type.Optional(Url('The same as `preSignedUrl`.')),
  fileFormat: Type.Optional(oneOf(['mp4', 'webm'], { description: 'Container of the file.', default: 'mp4' })),
  onFailure: Type.Optional(
    Open(
      {
        action: oneOf(['close-room'], { description: 'Ends the session.' }),
        waitTime: Type.Optional(
          Type.Number({ minimum: 0, description: 'Seconds until then, at most 150.', default: 150 }),
        ),
      },
      'What to do when the recording fails.',
    ),
  ),
};

export const StartRecordingBody = Type.Object(
  { ...RoomField, ...StartRecordingFields },
  {
    examples: [
      {
        roomId: '2kyv-gzay-64pg',
        config: { layout: { type: 'GRID', priority: 'SPEAKER', gridSize: 9 }, quality: 'med', theme: 'DARK' },
        awsDirPath: 'meetings/2022',
        webhookUrl: 'https://hooks.example.com/recordings',
      },
    ],
  },
);
export type StartRecordingBody = Static<typeof StartRecordingBody>;

/** The reference answers a start with a sentence; where there is more to say, the sentence is a field. */
export const StartedBody = (sentence: string) =>
  Type.Union([
    Type.String({ examples: [sentence] }),
    Type.Object(
      { message: Type.String(), id: Type.String(), roomId: Type.String(), sessionId: Type.String(), ...warningsField },
      { description: 'Where fields of the body do nothing.' },
    ),
  ]);

/** Ends one of a room's; `id` matters where several run. */
export const StopBody = Open({
  roomId: Text(256, 'roomId or customRoomId.'),
  id: Type.Optional(Text(256, 'Which one, where several run.')),
});
export type StopBody = Static<typeof StopBody>;

export const ListEgressQuery = Type.Object({
  ...PageQuery,
  roomId: Type.Optional(Type.String({ maxLength: 256, description: 'Of this room (roomId or customRoomId).' })),
  sessionId: Type.Optional(Type.String({ maxLength: 256, description: 'Of this session.' })),
  query: Type.Optional(Type.String({ maxLength: 256, description: 'Exactly this roomId or customRoomId.' })),
  withTranscription: Type.Optional(Flag('Accepted and ignored: there are no transcriptions.')),
});
export type ListEgressQuery = Static<typeof ListEgressQuery>;

export const RecordingParams = Type.Object({ recordingId: AnyId });
export const RecordingQuery = Type.Object({ withTranscription: ListEgressQuery.properties.withTranscription });

const STATUSES = ['queued', 'starting', 'active', 'stopping', 'completed', 'failed', 'aborted'] as const;

/** What every kind shows of where it stands; not in the reference. */
export const statusFields = {
  status: oneOf(STATUSES, { description: 'Where it stands.' }),
  reason: Type.Optional(Type.String({ description: 'Why it failed or was called off.' })),
  queuePosition: Type.Optional(Type.Integer({ description: 'Place among those that wait for a free slot, from 1.' })),
};

export const WebhookSummary = Type.Object(
  {
    totalCount: Type.Integer(),
    successCount: Type.Integer(),
    data: Type.Array(Type.Object({ type: Type.String(), success: Type.Boolean() })),
  },
  { description: 'Events of it, and whether they were delivered.' },
);

const FileBody = Type.Object(
  {
    id: Type.String(),
    type: oneOf(['video', 'audio']),
    size: Type.Integer({ description: 'Bytes.' }),
    meta: Type.Object({
      resolution: Type.Optional(Type.Object({ width: Type.Integer(), height: Type.Integer() })),
      format: Type.String(),
      duration: Type.Number({ description: 'Seconds.' }),
    }),
    filePath: Type.String({ description: 'Where it is in the storage.' }),
    fileUrl: Nullable(Type.String({ description: 'Where it can be fetched; the address cannot be guessed.' })),
    ratio: Type.Record(Type.String(), Type.Number(), {
      description: 'Bytes per second, by the height of the picture or `audio`.',
    }),
    userStorage: Nullable(Type.Unknown({ description: 'The object storage that has it, if one does.' })),
    createdAt: Timestamp('When it was made.'),
    updatedAt: Timestamp('When it last changed.'),
  },
  { description: 'The finished file.' },
);

export const RecordingBody = Type.Object(
  {
    id: Type.String({ description: 'Object id, 24 hex digits.' }),
    userId: Type.String(),
    roomId: Type.String(),
    sessionId: Type.String(),
    createdAt: Timestamp('When it was asked for.'),
    updatedAt: Timestamp('When it last changed.'),
    fileId: Nullable(Type.String()),
    file: Nullable(FileBody),
    start: Nullable(Timestamp('When picture and sound began to flow.')),
    end: Nullable(Timestamp('When it ended; null while it runs.')),
    ...statusFields,
    gaps: Type.Optional(
      Type.Array(Type.Object({ at: Timestamp('When.'), duration: Type.Number({ description: 'Seconds.' }) }), {
        description: 'Stretches that are missing because the compositor had to be started anew.',
      }),
    ),
    webhook: WebhookSummary,
    links: Links,
  },
  {
    description: 'A recording.',
    examples: [
      {
        id: '62c4560f6d0a5a3ae1d8f1c4',
        userId: '5f7edbb14c938bcd42944527',
        roomId: '2kyv-gzay-64pg',
        sessionId: '623d49c760a18e699abcc8a4',
        createdAt: '2022-03-25T04:50:00.000Z',
        updatedAt: '2022-03-25T04:51:01.000Z',
        fileId: '62c4560f6d0a5a3ae1d8f1c5',
        file: {
          id: '62c4560f6d0a5a3ae1d8f1c5',
          type: 'video',
          size: 17023255,
          meta: { resolution: { width: 1280, height: 720 }, format: 'mov,mp4,m4a,3gp,3g2,mj2', duration: 55.055 },
          filePath: 'recordings/62c4560f6d0a5a3ae1d8f1c5.mp4',
          fileUrl: 'https://rooms.example.com/recordings-files/8t0V3l2b1uQm3C7yq0mJ3w.mp4',
          ratio: { '720': 309204.52 },
          userStorage: null,
          createdAt: '2022-03-25T04:51:00.000Z',
          updatedAt: '2022-03-25T04:51:00.000Z',
        },
        start: '2022-03-25T04:50:01.000Z',
        end: '2022-03-25T04:51:00.000Z',
        status: 'completed',
        webhook: { totalCount: 1, successCount: 1, data: [{ type: 'recording-started', success: true }] },
        links: {
          get_room: 'https://rooms.example.com/v2/rooms/2kyv-gzay-64pg',
          get_session: 'https://rooms.example.com/v2/sessions/623d49c760a18e699abcc8a4',
          recording_page: 'https://rooms.example.com/recordings/62c4560f6d0a5a3ae1d8f1c4#8t0V3l2b1uQm3C7yq0mJ3w',
        },
      },
    ],
  },
);

export const RecordingPage = Page(RecordingBody);
