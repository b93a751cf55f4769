// Who a client says it is, and where it wants to go: the query of the address that it opened its socket at.
import { type Static, Type } from 'typebox';
import { badRequest, invalidInput, invalidParticipantId } from '../errors.ts';
import { pastedValues, queryOf } from '../kit/pasted-query.ts';
import { findProblems, fits } from '../kit/validate.ts';
import { ParticipantId } from '../protocol/rest/common.ts';
import { type Mode, ROOM_PARAMETER, toMode } from '../protocol/signaling.ts';

/** What may follow an id: parameters of the SDKs and of socket.io. */
const PARAMETERS = ['roomId', 'peerId', 'secret', 'mode', 'lib', 'EIO', 'transport', 't', 'sid', 'b64', ROOM_PARAMETER];
const KNOWN: ReadonlySet<string> = new Set(PARAMETERS);

const Query = Type.Object({
  roomId: Type.String({ minLength: 1, maxLength: 256 }),
  peerId: Type.String(),
  secret: Type.String({
    minLength: 1,
    maxLength: 8192,
    'x-allowed': 'must be the token of at most 8192 characters; whatever follows an id with # in it never arrives',
  }),
  mode: Type.Optional(Type.String({ maxLength: 32 })),
});

export interface Handshake {
  /** What the room may be called, the likeliest first. */
  rooms: readonly string[];
  peerId: string;
  secret: string;
  mode: Mode;
}

/** Reads the address of a socket; throws what the client is answered. */
export function readHandshake(address: string): Handshake {
  const query = queryOf(address);
  const parameters = new URLSearchParams(query);
  const room = parameters.get(ROOM_PARAMETER);
  const rooms = (room === null ? pastedValues(query, 'roomId', KNOWN) : [room]).filter((name) => name.length <= 256);
  const sent = {
    roomId: rooms[0],
    peerId: pastedValues(query, 'peerId', KNOWN)[0],
    secret: parameters.get('secret') ?? undefined,
    mode: parameters.get('mode') ?? undefined,
  };
  const given = Object.fromEntries(Object.entries(sent).filter(([, value]) => value !== undefined));
  if (sent.peerId !== undefined && !fits(ParticipantId, sent.peerId)) throw invalidParticipantId();
  const problems = findProblems(Query, given, 'query');
  if (problems.length > 0) throw invalidInput(problems);
  const { peerId, secret, mode: modeText } = given as Static<typeof Query>;
  const mode = toMode(modeText);
  if (!mode) throw badRequest('INVALID_MODE', `Mode ${JSON.stringify(modeText)} is unknown.`);
  return { rooms, peerId, secret, mode };
}
