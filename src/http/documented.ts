// Route schemas with what the API document needs beside validation.
import type { FastifyReply } from 'fastify';
import type { TObject, TSchema } from 'typebox';
import { ErrorBody } from '../protocol/rest/errors.ts';

interface Parts {
  body?: TObject;
  params?: TObject;
  querystring?: TObject;
  /** What a caller should know beside the fields. */
  description?: string;
  /** What a 200 carries. */
  ok: TSchema;
}

/** Makes route schemas of one tag of the API document. */
export function documented(tag: string) {
  return <P extends Parts>(summary: string, { ok, ...parts }: P) => ({
    summary,
    tags: [tag],
    security: [{ token: [] }],
    ...(parts as Omit<P, 'ok'>),
    response: { 200: ok, '4xx': ErrorBody } as Record<string, TSchema>,
  });
}

/** Some calls answer a bare string; on the wire it is JSON, quotes and all. */
export function jsonText(reply: FastifyReply, text: string): FastifyReply {
  return reply.type('application/json; charset=utf-8').send(JSON.stringify(text));
}
