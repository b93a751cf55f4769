// A client that opened a socket: checked by its address, and then served or refused, whatever wire it speaks.
import { asAppError } from '../errors.ts';
import { inBackground } from '../kit/in-background.ts';
import type { Limits } from '../limits.ts';
import type { Logger } from '../log.ts';
import { LEAVE_REASONS } from '../protocol/signaling.ts';
import type { ClientSocket } from './adapter.ts';
import { Connection, type SignalingServices } from './connection.ts';
import { readHandshake } from './handshake.ts';
import { INTERNAL_ERROR } from './internal-error.ts';
import { serveRequest } from './requests.ts';

export interface AcceptOptions {
  services: SignalingServices;
  limits: Limits;
  log: Logger;
}

/**
 * Every socket is opened, because an SDK whose socket is refused waits for ever: a client that may not enter gets an
 * error and is closed. Never rejects.
 */
export async function acceptClient(socket: ClientSocket, options: AcceptOptions): Promise<void> {
  try {
    const connection = await identify(socket, options);
    socket.watched.identified(connection.grant.ownerId);
    serve(socket, connection);
  } catch (error) {
    const known = asAppError(error);
    if (!known) options.log.error({ err: error }, 'client could not be accepted');
    const { code, message } = known ? { code: known.signalingCode, message: known.message } : INTERNAL_ERROR;
    socket.notify({ method: 'error', code, message });
    socket.close(known ? { code, message } : LEAVE_REASONS.UNKNOWN);
  }
}

async function identify(socket: ClientSocket, { services, limits, log }: AcceptOptions): Promise<Connection> {
  const { rooms, peerId, secret, mode } = readHandshake(socket.address);
  const { facts, grant } = await services.admit(secret, rooms, peerId);
  return new Connection({
    link: socket,
    services,
    peerId,
    facts,
    grant,
    token: secret,
    mode,
    joinMs: limits.joinMs,
    log: log.child({ roomId: facts.roomId, participantId: peerId }),
  });
}

function serve(socket: ClientSocket, connection: Connection): void {
  const { log } = connection;
  const leave = () => inBackground(log, 'leaving', () => connection.disconnected());
  socket.serve({
    request: (request, respond) => serveRequest(connection, request, respond),
    gone: ({ hungUp, reason }) => {
      log.debug({ reason }, 'client disconnected');
      if (hungUp) connection.hungUp();
      leave();
    },
  });
  // The client may have gone while it was being identified.
  if (!socket.isOpen) leave();
}
