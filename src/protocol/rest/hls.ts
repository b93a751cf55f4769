// HLS streams: what callers send and get. Source: the reference's pages on HLS.
import { type Static, Type } from 'typebox';
import { AnyId, Links, Nullable, Page, Timestamp, warningsField } from './common.ts';
import { compositionWish, Enabled } from './composition.ts';
import { RoomField, statusFields, WebhookSummary, WebhookUrlField } from './recordings.ts';

export const StartHlsFields = {
  ...compositionWish,
  ...WebhookUrlField,
  recording: Type.Optional(Enabled),
};

export const StartHlsBody = Type.Object(
  { ...RoomField, ...StartHlsFields },
  {
    examples: [
      {
        roomId: '2kyv-gzay-64pg',
        config: { layout: { type: 'GRID', priority: 'SPEAKER', gridSize: 25 }, orientation: 'landscape' },
      },
    ],
  },
);
export type StartHlsBody = Static<typeof StartHlsBody>;

export const HlsParams = Type.Object({ hlsId: AnyId });

export const HlsBody = Type.Object(
  {
    id: Type.String({ description: 'Object id, 24 hex digits.' }),
    roomId: Type.String(),
    sessionId: Type.String(),
    start: Timestamp('When it began, or was asked for.'),
    end: Nullable(Timestamp('When it ended; null while it runs.')),
    duration: Type.Number({ description: 'Seconds it has lasted.' }),
    playbackHlsUrl: Type.String({ description: 'Playlist from the beginning: live with rewind, then playback.' }),
    livestreamUrl: Type.String({ description: 'Playlist of the live edge.' }),
    downstreamUrl: Type.String({ description: 'The same as `playbackHlsUrl`.' }),
    composerId: Nullable(Type.String({ description: 'The composition that it shows; outputs may share one.' })),
    mode: Type.String(),
    quality: Type.String(),
    orientation: Type.String(),
    captureLog: Type.Array(Type.Unknown(), { description: 'Always empty.' }),
    playable: Type.Boolean({ description: 'True once a player can play it.' }),
    ...statusFields,
    webhook: WebhookSummary,
    links: Links,
  },
  {
    description: 'An HLS stream.',
    examples: [
      {
        id: '62c4560f6d0a5a3ae1d8f1c4',
        roomId: '2kyv-gzay-64pg',
        sessionId: '623d49c760a18e699abcc8a4',
        start: '2022-03-25T04:50:01.000Z',
        end: null,
        duration: 12.5,
        playbackHlsUrl: 'https://rooms.example.com/meetings-hls/0f6f1c9e-1f5b-4d57-9f83-0f5f1c4e5b7a/index.m3u8',
        livestreamUrl: 'https://rooms.example.com/meetings-hls/0f6f1c9e-1f5b-4d57-9f83-0f5f1c4e5b7a/live.m3u8',
        downstreamUrl: 'https://rooms.example.com/meetings-hls/0f6f1c9e-1f5b-4d57-9f83-0f5f1c4e5b7a/index.m3u8',
        composerId: '62c4560f6d0a5a3ae1d8f1c6',
        mode: 'video-and-audio',
        quality: 'med',
        orientation: 'landscape',
        captureLog: [],
        playable: true,
        status: 'active',
        webhook: { totalCount: 0, successCount: 0, data: [] },
        links: {
          get_room: 'https://rooms.example.com/v2/rooms/2kyv-gzay-64pg',
          get_session: 'https://rooms.example.com/v2/sessions/623d49c760a18e699abcc8a4',
          watch_page: 'https://rooms.example.com/watch/62c4560f6d0a5a3ae1d8f1c4',
        },
      },
    ],
  },
);

export const StartedHlsBody = Type.Object({ ...HlsBody.properties, ...warningsField }, { description: 'The stream.' });
export const HlsPage = Page(HlsBody);
export const ActiveHlsBody = Type.Object({ code: Type.Integer({ description: 'Always 200.' }), data: HlsBody });
