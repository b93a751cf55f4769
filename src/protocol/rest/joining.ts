// What a browser SDK asks over HTTP before and beside its socket: where to connect, and files.
import { Type } from 'typebox';
import { Name, Open, Text } from './common.ts';

export const InitConfigBody = Open({ roomId: Text(256, 'roomId or customRoomId of the room to join.') });

const Telemetry = Type.Object({}, { description: 'Empty: the SDK sends none.' });

export const InitConfigAnswer = Type.Object(
  {
    data: Type.Object({
      baseUrl: Type.String({ description: 'host[:port] of the socket, without a scheme.' }),
      socketUrl: Type.Optional(
        Type.String({
          description: 'What the SDK builds the address of the socket from instead, where it needs another.',
        }),
      ),
      observability: Type.Object({ traces: Telemetry, logs: Telemetry }),
    }),
  },
  { examples: [{ data: { baseUrl: 'rooms.example.com', observability: { traces: {}, logs: {} } } }] },
);

/** Largest file that may be uploaded. */
export const MAX_FILE_BYTES = 10 * 1024 * 1024;
/** Base64 takes four characters for three bytes; the rest is for the name and the braces. */
export const MAX_UPLOAD_BODY_BYTES = Math.ceil(MAX_FILE_BYTES / 3) * 4 + 16 * 1024;

export const UploadQuery = Type.Object({
  roomId: Type.String({ minLength: 1, maxLength: 256, description: 'Room the file belongs to.' }),
});
export const UploadBody = Open({
  fileName: Name(255, 'Name under which it is saved again.'),
  base64Data: Type.String({
    minLength: 1,
    description: 'Content of at most 10 MiB in base64; a `data:` prefix is dropped.',
  }),
});
export const UploadAnswer = Type.Object({
  url: Type.String({ description: 'Where the file can be fetched, with a token for the room.' }),
});
export const FileParams = Type.Object({ id: Type.String({ pattern: '^[0-9a-f]{24}$', description: 'Id of a file.' }) });
