// Where a browser SDK opens its socket for a room whose id it cannot bring there.
import { ROOM_PARAMETER } from '../protocol/signaling.ts';

/** What js-sdk and the socket.io in it cut off, take for the end, or do not read, when an id is pasted into an address. */
const LOST_ON_THE_WAY = /[%&=[\]]/;

/**
 * The `socketUrl` of `init-config`: the SDK puts `/?roomId=ID&peerId=…` behind it, and so makes a parameter of no meaning
 * of the id; the room is named before. Undefined for ids that arrive as they are.
 */
export function socketUrlFor(host: string, { roomId }: { roomId: string }, askedFor: string): string | undefined {
  if (!LOST_ON_THE_WAY.test(askedFor)) return undefined;
  return `${forParser(host, askedFor)}/?${ROOM_PARAMETER}=${roomId}&asked=`;
}

/** A parser that finds both brackets in an address takes the host for `[IPv6]`, and takes one character off each end. */
function forParser(host: string, askedFor: string): string {
  const isMistaken = askedFor.includes('[') && askedFor.includes(']') && !host.startsWith('[');
  return isMistaken ? host.replace(/^[^:]+/, '-$&-') : host;
}
