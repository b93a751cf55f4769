import type { Readable } from 'node:stream';
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import { Type } from 'typebox';
import type { Access } from '../../access/access.ts';
import { invalidInput, notFound } from '../../errors.ts';
import {
  FileParams,
  MAX_FILE_BYTES,
  MAX_UPLOAD_BODY_BYTES,
  UploadAnswer,
  UploadBody,
  UploadQuery,
} from '../../protocol/rest/joining.ts';
import type { Rooms } from '../../rooms/rooms.ts';
import { documented } from '../documented.ts';
import type { Links } from '../links.ts';

interface StoredFile {
  id: string;
  ownerId: string;
  roomId: string;
  fileName: string;
  size: number;
}

/** Where uploaded files are kept. */
export interface FileStore {
  save(file: { ownerId: string; roomId: string; fileName: string; content: Buffer }): Promise<StoredFile>;
  /** The file and a stream of its content, or nothing when either is gone. */
  open(id: string): Promise<{ file: StoredFile; content: Readable } | undefined>;
}

/** `/base64-upload` and `/files`: what `uploadBase64File` and `fetchBase64File` of the SDK call. */
export function fileRoutes(deps: {
  access: Access;
  rooms: Rooms;
  files: FileStore;
  links: Links;
}): FastifyPluginAsyncTypebox {
  const { access, rooms, files, links } = deps;
  const doc = documented('Files');
  return async (app) => {
    app.post(
      '/base64-upload',
      {
        bodyLimit: MAX_UPLOAD_BODY_BYTES,
        schema: doc('Upload a file', { querystring: UploadQuery, body: UploadBody, ok: UploadAnswer }),
        // Before the body is read: a stranger shall not make us hold megabytes.
        onRequest: async (request) => {
          request.caller = await access.authorizeJoin(request.headers.authorization);
        },
      },
      async ({ caller, query, body }) => {
        const { ownerId, roomId } = await rooms.joinable(caller, query.roomId);
        const content = contentOf(body.base64Data);
        const file = await files.save({ ownerId, roomId, fileName: body.fileName, content });
        return { url: links.file(file.id) };
      },
    );

    app.get(
      '/files/:id',
      { schema: doc('Fetch a file', { params: FileParams, ok: Type.Unknown({ description: 'The raw bytes.' }) }) },
      async ({ headers, params }, reply) => {
        const caller = await access.authorizeAny(headers.authorization);
        const found = await files.open(params.id);
        // Somebody else's file answers like none, so that ids cannot be probed.
        if (found?.file.ownerId !== caller.ownerId) throw notFound('File', params.id);
        await rooms.get(caller, found.file.roomId);
        return reply.headers(downloadHeaders(found.file)).send(found.content);
      },
    );
  };
}

function contentOf(base64Data: string): Buffer {
  const text = base64Data.replace(/^data:[^,]{0,200},/, '').replace(/\s+/g, '');
  const problem = (got: string, allowed: string) => invalidInput([{ field: 'base64Data', got, allowed }]);
  if (!/^[A-Za-z0-9+/_-]+={0,2}$/.test(text)) throw problem('other text', 'must be base64');
  const content = Buffer.from(text, 'base64');
  if (content.length > MAX_FILE_BYTES)
    throw problem(`${content.length} bytes`, `must be at most ${MAX_FILE_BYTES} bytes`);
  return content;
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
