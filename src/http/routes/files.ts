import { Readable } from 'node:stream';
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import type { FastifyRequest } from 'fastify';
import { Type } from 'typebox';
import type { Access, JoinGrant } from '../../access/access.ts';
import { notFound, notInMeeting } from '../../errors.ts';
import { pastedValues, queryOf } from '../../kit/pasted-query.ts';
import {
  FileParams,
  MAX_UPLOAD_BODY_BYTES,
  UploadAnswer,
  UploadBody,
  UploadQuery,
} from '../../protocol/rest/joining.ts';
import type { Room } from '../../protocol/room.ts';
import type { Rooms } from '../../rooms/rooms.ts';
import type { Callers } from '../auth.ts';
import { notJson } from '../body-parser.ts';
import { documented } from '../documented.ts';
import type { Links } from '../links.ts';
import { MalformedBody, readUpload, uploadTooLarge, type Write } from '../upload-body.ts';
import { validatorCompiler } from '../validation.ts';

interface StoredFile {
  id: string;
  ownerId: string;
  roomId: string;
  fileName: string;
  size: number;
}

/** Where uploaded files are kept. */
export interface FileStore {
  /** Keeps a file whose content `fill` writes piece by piece, returning its name. */
  save(holder: Pick<StoredFile, 'ownerId' | 'roomId'>, fill: (write: Write) => Promise<string>): Promise<StoredFile>;
  find(id: string): Promise<StoredFile | undefined>;
  /** The content of a file, or nothing when it is gone. */
  open(id: string): Promise<Readable | undefined>;
}

/** What is known of who is in a meeting. */
export interface Admission {
  /** Reads a token for the room of one of several names; of who is in its meeting, also when it has expired. */
  admit(token: string | undefined, rooms: readonly string[]): Promise<{ facts: Room; grant: JoinGrant }>;
  /** Whether somebody who joined with this very token is in the room's meeting. */
  isInMeeting(caller: { ownerId: string }, token: string | undefined, room: string): Promise<boolean>;
}

interface Deps {
  access: Access;
  admission: Admission;
  rooms: Rooms;
  files: FileStore;
  links: Links;
  callers: Callers;
}

/** `/base64-upload` and `/files`: what `uploadBase64File` and `fetchBase64File` of the SDK call. */
export function fileRoutes(deps: Deps): FastifyPluginAsyncTypebox {
  return async (app) => {
    await app.register(uploadRoute(deps));
    await app.register(downloadRoute(deps));
  };
}

const doc = documented('Files');

const NO_OTHERS: ReadonlySet<string> = new Set();

function uploadRoute({ access, admission, files, links, callers }: Deps): FastifyPluginAsyncTypebox {
  return async (app) => {
    callers.require(app, ({ headers }) => access.authorizeJoin(headers.authorization, { evenIfExpired: true }));
    // The handler reads the body as it comes.
    app.removeAllContentTypeParsers();
    app.addContentTypeParser('*', async (_request: FastifyRequest, body: Readable) => body);
    app.post(
      '/base64-upload',
      {
        bodyLimit: MAX_UPLOAD_BODY_BYTES,
        schema: doc('Upload a file', { querystring: UploadQuery, body: UploadBody, ok: UploadAnswer }),
        validatorCompiler: (part) => (part.httpPart === 'body' ? () => true : validatorCompiler(part as never)),
      },
      async (request) => {
        const { query, headers } = request;
        if (Number(headers['content-length']) > MAX_UPLOAD_BODY_BYTES) throw uploadTooLarge();
        // The SDK pastes the id, which nothing follows.
        const names = pastedValues(queryOf(request.raw.url ?? ''), 'roomId', NO_OTHERS);
        const { facts, grant: caller } = await admission.admit(headers.authorization, names);
        const { ownerId, roomId } = facts;
        if (!(await admission.isInMeeting(caller, headers.authorization, roomId))) throw notInMeeting(query.roomId);
        const content = (request.body as unknown as Readable | undefined) ?? Readable.from([]);
        const sent = { content, contentType: request.contentType, headers };
        const file = await files
          .save({ ownerId, roomId }, (write) => readUpload(sent, write))
          .catch((error: unknown) => {
            throw error instanceof MalformedBody ? notJson(request, error) : error;
          });
        return { url: links.file(file.id) };
      },
    );
  };
}

function downloadRoute({ access, rooms, files, callers }: Deps): FastifyPluginAsyncTypebox {
  return async (app) => {
    callers.require(app, ({ headers }) => access.authorizeAny(headers.authorization));
    app.get(
      '/files/:id',
      { schema: doc('Fetch a file', { params: FileParams, ok: Type.Unknown({ description: 'The raw bytes.' }) }) },
      async ({ caller, params }, reply) => {
        const file = await files.find(params.id);
        // Somebody else's file answers like none, so that ids cannot be probed.
        if (file?.ownerId !== caller.ownerId) throw notFound('File', params.id);
        await rooms.get(caller, file.roomId);
        // Only now: a file that is opened and not sent would stay open.
        const content = await files.open(file.id);
        if (!content) throw notFound('File', params.id);
        return reply.headers(downloadHeaders(file)).send(content);
      },
    );
  };
}

/** Never shown in place: a page that somebody uploaded must not run under our name. */
function downloadHeaders({ fileName, size }: StoredFile): Record<string, string> {
  const plain = fileName.replace(/[^\w .()-]/g, '_');
  return {
    'content-type': 'application/octet-stream',
    'content-length': String(size),
    'content-disposition': `attachment; filename="${plain}"; filename*=UTF-8''${encodeRfc5987(fileName)}`,
    'x-content-type-options': 'nosniff',
    'content-security-policy': "default-src 'none'; sandbox",
    'cache-control': 'private, max-age=3600',
  };
}

function encodeRfc5987(text: string): string {
  return encodeURIComponent(text).replace(/['()*]/g, (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`);
}
