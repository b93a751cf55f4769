// Livestreams to RTMP servers: what callers send and get. Source: the reference's pages on livestreams.
import { type Static, Type } from 'typebox';
import { MAX_OUTPUTS } from '../egress.ts';
import { AnyId, Links, Nullable, Open, Page, Text, Timestamp } from './common.ts';
import { compositionWish } from './composition.ts';
import { RoomField, statusFields, WebhookSummary, WebhookUrlField } from './recordings.ts';

const Output = Open(
  {
    url: Text(2048, 'rtmp or rtmps URL of the server, without the stream key.'),
    streamKey: Type.String({ maxLength: 2048, description: 'Key that the server knows the stream by.' }),
  },
  'One RTMP server.',
);

export const StartLivestreamFields = {
  outputs: Type.Array(Output, { minItems: 1, maxItems: MAX_OUTPUTS, description: 'Where it goes.' }),
  ...compositionWish,
  ...WebhookUrlField,
};

export const StartLivestreamBody = Type.Object(
  { ...RoomField, ...StartLivestreamFields },
  {
    examples: [
      {
        roomId: '2kyv-gzay-64pg',
        outputs: [{ url: 'rtmps://live.example.com/app', streamKey: 'abcd-1234' }],
        config: { layout: { type: 'SPOTLIGHT', priority: 'PIN' } },
      },
    ],
  },
);
export type StartLivestreamBody = Static<typeof StartLivestreamBody>;

export const LivestreamParams = Type.Object({ livestreamId: AnyId });

export const LivestreamBody = Type.Object(
  {
    id: Type.String({ description: 'Object id, 24 hex digits.' }),
    roomId: Type.String(),
    sessionId: Type.String(),
    outputs: Type.Array(Type.Object({ url: Type.String(), streamKey: Type.String() })),
    start: Timestamp('When it began, or was asked for.'),
    end: Nullable(Timestamp('When it ended; null while it runs.')),
    composerId: Nullable(Type.String({ description: 'The composition that it shows; outputs may share one.' })),
    ...statusFields,
    webhook: WebhookSummary,
    links: Links,
  },
  {
    description: 'A livestream.',
    examples: [
      {
        id: '62c4560f6d0a5a3ae1d8f1c4',
        roomId: '2kyv-gzay-64pg',
        sessionId: '623d49c760a18e699abcc8a4',
        outputs: [{ url: 'rtmps://live.example.com/app', streamKey: 'abcd-1234' }],
        start: '2022-03-25T04:50:01.000Z',
        end: null,
        composerId: '62c4560f6d0a5a3ae1d8f1c6',
        status: 'active',
        webhook: { totalCount: 0, successCount: 0, data: [] },
        links: {
          get_room: 'https://rooms.example.com/v2/rooms/2kyv-gzay-64pg',
          get_session: 'https://rooms.example.com/v2/sessions/623d49c760a18e699abcc8a4',
        },
      },
    ],
  },
);

export const LivestreamPage = Page(LivestreamBody);
