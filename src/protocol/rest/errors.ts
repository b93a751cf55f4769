// The body of every refused REST call. The server SDK reads `message` and `code`, the browser SDK `error`.
import { type Static, Type } from 'typebox';

export const ErrorBody = Type.Object(
  {
    statusCode: Type.Integer({ description: 'The HTTP status.' }),
    message: Type.String({ description: 'What is wrong, in words for people.' }),
    error: Type.String({ description: 'The same as `message`.' }),
    code: Type.String({ description: 'A stable name for programs.' }),
    details: Type.Optional(
      Type.Array(
        Type.Object({
          field: Type.String({ description: 'Path of the field, such as `webhook.endPoint`.' }),
          got: Type.String({ description: 'What came.' }),
          allowed: Type.String({ description: 'What is allowed.' }),
        }),
        { description: 'One entry per field that is wrong.' },
      ),
    ),
    requestId: Type.Optional(Type.String({ description: 'Names the line in the log; also the header x-request-id.' })),
  },
  {
    description: 'The call was refused.',
    examples: [
      {
        statusCode: 404,
        message: 'Room not found.',
        error: 'Room not found.',
        code: 'ROOM_NOT_FOUND',
        requestId: 'req-1',
      },
    ],
  },
);
export type ErrorBody = Static<typeof ErrorBody>;

/** The numeric `code` is what `join()` of the browser SDK rejects with. */
export const JoinErrorBody = Type.Object({
  error: Type.String(),
  message: Type.String(),
  code: Type.Integer({
    description: 'Number of the browser SDK’s own error list, such as 4052 for a deactivated room.',
  }),
  statusCode: Type.Integer(),
});
