// How one gets into a meeting: what the address of the page holds, and what the server says over HTTP before the socket.
import { MeetingError, UNREACHABLE } from './failure.ts';

/** What the fragment of a meeting's address may hold; a fragment is never sent to a server or a log. */
export interface Entrance {
  token: string | undefined;
  invite: string | undefined;
}

export function entranceIn(fragment: string): Entrance {
  const values = new URLSearchParams(fragment.replace(/^#/, ''));
  return { token: values.get('token') ?? undefined, invite: values.get('invite') ?? undefined };
}

export interface Claims {
  participantId: string | undefined;
  mayJoinDirectly: boolean;
  mayModerate: boolean;
  /** Whether it is good for the REST API too. */
  mayCall: boolean;
}

/** What a token says about its bearer, unchecked: the page shows by it what the server will allow anyway. */
export function claimsOf(token: string): Claims {
  let claims: { permissions?: unknown; participantId?: unknown; roles?: unknown } = {};
  try {
    const [, payload = ''] = token.split('.');
    const bytes = Uint8Array.from(atob(payload.replaceAll('-', '+').replaceAll('_', '/')), (it) => it.charCodeAt(0));
    claims = JSON.parse(new TextDecoder().decode(bytes)) ?? {};
  } catch {
    // The server tells what is wrong with it.
  }
  const permissions = Array.isArray(claims.permissions) ? claims.permissions : [];
  return {
    participantId: typeof claims.participantId === 'string' ? claims.participantId : undefined,
    mayJoinDirectly: permissions.includes('allow_join'),
    mayModerate: permissions.includes('allow_mod'),
    mayCall: claims.roles === undefined || (Array.isArray(claims.roles) && claims.roles.includes('crawler')),
  };
}

/** Where the server is, as this client reaches it: for a page, where it came from. */
export type Reached = Pick<URL, 'origin' | 'protocol' | 'hostname' | 'host'>;

/** A token for the guest whom an invite link names. */
export async function redeemInvite(invite: string): Promise<{ token: string; name: string | undefined }> {
  return post(location, '/meet-api/guest-token', { invite });
}

/** A link for others, made with the permissions of somebody whose token may call the REST API. */
export async function makeInvite(server: Reached, roomId: string, token: string): Promise<string> {
  const { url } = await post(server, `/v2/rooms/${encodeURIComponent(roomId)}/invite`, {}, token);
  return url;
}

/** The page that plays a finished recording, for somebody whose token may call the REST API. */
export async function findRecording(server: Reached, recordingId: string, token: string): Promise<string> {
  const { links } = await ask(server, 'GET', `/v2/recordings/${encodeURIComponent(recordingId)}`, undefined, token);
  if (!links.recording_page) throw new MeetingError(UNREACHABLE, 'The recording is not ready yet.');
  return links.recording_page;
}

/** The socket's host for a room; refuses whom the server would not let in. */
export async function findSocketHost(server: Reached, roomId: string, token: string): Promise<string> {
  const answer = await post(server, '/infra/v1/meetings/init-config', { roomId }, token);
  return answer.data.baseUrl;
}

/**
 * Where to connect to. Sockets take TLS, but a page that was itself opened without, which browsers allow on the own
 * machine only, would need the exception for a self-made certificate that nobody can give to a socket.
 */
export function socketOrigin(host: string, page: Omit<Reached, 'origin'>): string {
  const sameMachine = new URL(`wss://${host}`).hostname === page.hostname;
  return page.protocol === 'http:' && sameMachine ? `ws://${page.host}` : `wss://${host}`;
}

// biome-ignore lint/suspicious/noExplicitAny: the answers of several calls
function post(server: Reached, path: string, body: object, token?: string): Promise<any> {
  return ask(server, 'POST', path, body, token);
}

// biome-ignore lint/suspicious/noExplicitAny: as above
async function ask(server: Reached, method: string, path: string, body?: object, token?: string): Promise<any> {
  let answer: Response;
  try {
    answer = await fetch(new URL(path, server.origin), {
      method,
      headers: { ...(body && { 'content-type': 'application/json' }), ...(token && { authorization: token }) },
      ...(body && { body: JSON.stringify(body) }),
    });
  } catch {
    throw new MeetingError(UNREACHABLE, 'The server cannot be reached.');
  }
  const result = await answer.json().catch(() => ({}));
  if (!answer.ok) throw new MeetingError(Number(result.code) || UNREACHABLE, String(result.message ?? 'Refused.'));
  return result;
}
