// Asks a server of the operator's own something, whatever its certificate, and tells of the certificate. For what a
// caller of the API has named there is `outbound/`.
import { X509Certificate } from 'node:crypto';
import { request as httpRequest, type RequestOptions } from 'node:http';
import { request as httpsRequest } from 'node:https';
import type { TLSSocket } from 'node:tls';

export interface Asked {
  status: number;
  headers: Record<string, string | string[] | undefined>;
  body: string;
  /** Nothing without TLS. */
  tls: { certificate: X509Certificate /** Why it is not trusted here. */; problem: string | undefined } | undefined;
}

interface Question {
  method?: 'GET' | 'POST';
  headers?: Record<string, string>;
  body?: string;
  /** Of everything together. */
  timeoutMs: number;
  /** Called with pieces of the body as they come. */
  onText?: (text: string) => void;
}

/** The servers that are asked say little. */
const MAX_BODY_LENGTH = 4 * 1024 * 1024;

export function ask(url: string, { method = 'GET', headers = {}, body, timeoutMs, onText }: Question): Promise<Asked> {
  const { promise, resolve, reject } = Promise.withResolvers<Asked>();
  const isSecure = url.startsWith('https:');
  const signal = AbortSignal.timeout(timeoutMs);
  const options: RequestOptions = { method, headers, signal, agent: false };
  const make = isSecure ? httpsRequest(url, { ...options, rejectUnauthorized: false }) : httpRequest(url, options);
  make.on('response', (answer) => {
    const tls = isSecure ? certificateOf(answer.socket as TLSSocket) : undefined;
    let text = '';
    answer.setEncoding('utf8').on('data', (piece: string) => {
      text += piece;
      if (text.length > MAX_BODY_LENGTH) answer.destroy(new Error('its answer is too long'));
      onText?.(piece);
    });
    answer.on('error', reject);
    answer.on('end', () => resolve({ status: answer.statusCode ?? 0, headers: answer.headers, body: text, tls }));
  });
  make.on('error', (error) => reject(signal.aborted ? new Error(`no answer within ${timeoutMs / 1000} s`) : error));
  make.end(body);
  return promise;
}

function certificateOf(socket: TLSSocket): Asked['tls'] {
  const { raw } = socket.getPeerCertificate();
  const problem = socket.authorized ? undefined : String(socket.authorizationError);
  return { certificate: new X509Certificate(raw), problem };
}

/** The error itself, or the first of those that Node gives where it tried several addresses of one name. */
export function firstError(error: unknown): unknown {
  return error instanceof AggregateError && error.errors.length > 0 ? firstError(error.errors[0]) : error;
}

/** The reason in an error of the network. */
export function reasonOf(failure: unknown): string {
  const error = firstError(failure);
  if (error instanceof Error) return error.message || (error as NodeJS.ErrnoException).code || error.name;
  return String(error);
}
