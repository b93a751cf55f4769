// The one place where the dashboard's pages speak with the server.
import { MutationCache, QueryCache, QueryClient } from '@tanstack/react-query';
import { PAGE_HEADER } from '../../src/protocol/rest/dashboard.ts';

export class ApiError extends Error {
  readonly status: number;
  readonly code: string;
  /** What is wrong with each field, where the server says so. */
  readonly details: { field: string; got: string; allowed: string }[];

  constructor(status: number, body: { message?: string; code?: string; details?: ApiError['details'] }) {
    super(body.message ?? `The server answered with status ${status}.`);
    this.status = status;
    this.code = body.code ?? '';
    this.details = body.details ?? [];
  }
}

/** Calls `/dashboard-api`, under which the REST API is too: `api('GET', '/v2/rooms/abc')`. */
export async function api<T>(method: 'GET' | 'POST' | 'PUT' | 'DELETE', path: string, body?: unknown): Promise<T> {
  const answer = await fetch(`/dashboard-api${path}`, {
    method,
    headers: { [PAGE_HEADER]: '1', ...(body !== undefined && { 'content-type': 'application/json' }) },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  }).catch(() => {
    throw unreachable();
  });
  const text = await answer.text();
  const parsed = text ? (JSON.parse(text) as unknown) : undefined;
  if (!answer.ok) throw new ApiError(answer.status, (parsed ?? {}) as object);
  return parsed as T;
}

/** Asks for an answer that comes line by line, each a JSON value of its own. */
export async function apiLines<T>(path: string, onLine: (line: T) => void): Promise<void> {
  const answer = await fetch(`/dashboard-api${path}`, { method: 'POST', headers: { [PAGE_HEADER]: '1' } }).catch(() => {
    throw unreachable();
  });
  if (!answer.ok) throw new ApiError(answer.status, (await answer.json()) as object);
  const reader = answer.body?.pipeThrough(new TextDecoderStream()).getReader();
  let rest = '';
  for (let piece = await reader?.read(); piece && !piece.done; piece = await reader?.read()) {
    const lines = (rest + piece.value).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) onLine(JSON.parse(line) as T);
  }
}

function unreachable(): ApiError {
  return new ApiError(0, { code: 'UNREACHABLE', message: 'The server cannot be reached. Is it running?' });
}

/** A query string of what is set, with a question mark before it. */
export function query(values: Record<string, string | number | undefined>): string {
  const set = Object.entries(values).filter(([, value]) => value !== undefined && value !== '');
  const text = new URLSearchParams(set.map(([name, value]) => [name, String(value)])).toString();
  return text && `?${text}`;
}

/** One for all pages. Nothing is asked again by the clock: `live.ts` says when something has changed. */
export const queryClient: QueryClient = new QueryClient({
  queryCache: new QueryCache({ onError: noticeSignOut }),
  mutationCache: new MutationCache({ onError: noticeSignOut }),
  defaultOptions: {
    queries: {
      staleTime: 30_000,
      retry: (failures, error) =>
        failures < 2 && error instanceof ApiError && (error.status === 0 || error.status >= 500),
    },
  },
});

/** A sign-in that has ended shows the sign-in form, wherever one was. */
function noticeSignOut(error: Error): void {
  if (error instanceof ApiError && error.code === 'SIGN_IN_NEEDED') queryClient.setQueryData(['me'], null);
}
