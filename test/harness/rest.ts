// The REST API, as whoever holds a server's key calls it.
import { mintToken } from './test-api.ts';

/** Answers what the server does; throws what it refuses. Without a body it is a GET. */
export async function callRest(
  server: { httpUrl: string; apiKey: string; secret: string },
  path: string,
  body?: Record<string, unknown>,
  // biome-ignore lint/suspicious/noExplicitAny: answers of every shape are looked into
): Promise<any> {
  const answer = await fetch(`${server.httpUrl}${path}`, {
    method: body ? 'POST' : 'GET',
    headers: { authorization: await mintToken(server), 'content-type': 'application/json' },
    ...(body && { body: JSON.stringify(body) }),
  });
  if (!answer.ok) throw new Error(`${path}: ${answer.status} ${await answer.text()}`);
  return answer.json();
}
