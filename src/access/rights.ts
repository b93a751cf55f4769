// What a token may on the REST side: one table of rows, of which all that fit apply and the narrowest wins. docs/tokens.md
// is written from it.
import { noRoomsByToken, roleNotAllowed, tokenForOneRoom } from '../errors.ts';
import type { TokenClaims } from '../protocol/rest/tokens.ts';
import type { RestCall } from './rest-calls.ts';

/** How much of the API, from nothing to everything. */
const REACHES = ['nothing', 'look', 'moderate', 'documented', 'everything'] as const;
export type Reach = (typeof REACHES)[number];

export interface Rights {
  reach: Reach;
  /** Limited to this room, by either id. */
  roomId?: string;
  /** Calls that name a participant: only for this one. */
  participantId?: string;
  /** Limited to the rooms that this participant is in now. */
  presentAs?: string;
}

/** What of a token the rows look at. */
interface Facts {
  crawler: boolean;
  rtc: boolean;
  none: boolean;
  asksAlone: boolean;
  moderates: boolean;
  roomId: string | undefined;
  participantId: string | undefined;
  rolesRequired: boolean;
}

interface Row {
  /** As the document has it: known roles, other claims, and what that gives. */
  roles: string;
  claims: string;
  gives: string;
  fits(facts: Facts): boolean;
  reach?: Reach;
  limit?: (facts: Facts) => Partial<Rights>;
}

export const ROWS: readonly Row[] = [
  {
    roles: '`crawler` alone',
    claims: 'any',
    gives: 'everything',
    fits: ({ crawler, rtc }) => crawler && !rtc,
    reach: 'everything',
  },
  {
    roles: '`crawler` and `rtc`',
    claims: 'any',
    gives: 'documented calls',
    fits: ({ crawler, rtc }) => crawler && rtc,
    reach: 'documented',
  },
  {
    roles: 'none',
    claims: 'any but `ask_join` alone, and the API key takes tokens without roles',
    gives: 'documented calls',
    fits: ({ none, asksAlone, rolesRequired }) => none && !asksAlone && !rolesRequired,
    reach: 'documented',
  },
  {
    roles: 'any of these',
    claims: '`roomId`',
    gives: 'the same for that room alone: lists have nothing else, no room is made, no own call that concerns more',
    fits: ({ roomId }) => roomId !== undefined,
    limit: ({ roomId }) => ({ ...(roomId !== undefined && { roomId }) }),
  },
  {
    roles: '`crawler`',
    claims: '`participantId`',
    gives: 'calls that name a participant only for that one',
    fits: ({ crawler, participantId }) => crawler && participantId !== undefined,
    limit: ({ participantId }) => ({ ...(participantId !== undefined && { participantId }) }),
  },
  {
    roles: 'none',
    claims: '`participantId`',
    gives: 'get and validate its room: the one of `roomId`, else one that the participant is in now',
    fits: ({ none, participantId, moderates }) => none && participantId !== undefined && !moderates,
    reach: 'look',
    limit: presentOnly,
  },
  {
    roles: 'none',
    claims: '`participantId` and `allow_mod`',
    gives: 'the same, and there what a moderator may in the meeting',
    fits: ({ none, participantId, moderates }) => none && participantId !== undefined && moderates,
    reach: 'moderate',
    limit: presentOnly,
  },
  {
    roles: 'none',
    claims: '`ask_join` alone',
    gives: 'get and validate',
    fits: ({ none, asksAlone }) => none && asksAlone,
    reach: 'look',
  },
  {
    roles: '`rtc` alone',
    claims: 'any',
    gives: 'nothing (403)',
    fits: ({ crawler, rtc }) => rtc && !crawler,
    reach: 'nothing',
  },
];

/** What a token may; `rolesRequired`: its API key takes no tokens without roles for documented calls. */
export function rightsOf(claims: TokenClaims, { rolesRequired }: { rolesRequired: boolean }): Rights {
  const facts = factsOf(claims, rolesRequired);
  const fitting = ROWS.filter((row) => row.fits(facts));
  const reaches = fitting.flatMap(({ reach }) => reach ?? []);
  const limits = fitting.map(({ limit }) => limit?.(facts));
  // Where no row gives anything, there is nothing.
  return Object.assign({ reach: REACHES.find((reach) => reaches.includes(reach)) ?? 'nothing' }, ...limits);
}

/** Throws unless the call is within the rights; the sentence names the claim that would do. */
export function requireCall(rights: Rights, call: RestCall, claims: TokenClaims): void {
  if (!reaches(rights.reach, call)) throw roleNotAllowed('crawler', claims.roles, alternative(rights, call));
  if (rights.roomId === undefined) return;
  if (call.creates) throw noRoomsByToken(rights.roomId);
  if (call.class === 'own' && !call.inRoom) throw tokenForOneRoom(rights.roomId);
}

/** Whether it calls the documented API as tokens without roles may. */
export function isWithoutRoles(rights: Rights, claims: TokenClaims): boolean {
  return rights.reach === 'documented' && claims.roles.length === 0;
}

function factsOf({ roles, permissions, roomId, participantId }: TokenClaims, rolesRequired: boolean): Facts {
  return {
    crawler: roles.includes('crawler'),
    rtc: roles.includes('rtc'),
    none: roles.length === 0,
    asksAlone: permissions.length === 1 && permissions[0] === 'ask_join',
    moderates: permissions.includes('allow_mod'),
    roomId,
    participantId,
    rolesRequired,
  };
}

function presentOnly({ roomId, participantId }: Facts): Partial<Rights> {
  return roomId === undefined && participantId !== undefined ? { presentAs: participantId } : {};
}

function reaches(reach: Reach, call: RestCall): boolean {
  switch (reach) {
    case 'everything':
      return true;
    case 'documented':
      return call.class === 'documented';
    case 'moderate':
      return call.also !== undefined;
    case 'look':
      return call.also === 'look';
    case 'nothing':
      return false;
  }
}

function alternative({ reach }: Rights, call: RestCall): string {
  return reach === 'look' && call.also === 'moderate'
    ? ', or one of a participant whose permissions name "allow_mod"'
    : '';
}
