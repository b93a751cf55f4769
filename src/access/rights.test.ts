// Row by row: what the claims of a token come to, and which calls are within it.
import { describe, expect, test } from 'vitest';
import type { TokenClaims } from '../protocol/rest/tokens.ts';
import { REST_CALLS, restCall } from './rest-calls.ts';
import { requireCall, rightsOf } from './rights.ts';

const claims = (given: Partial<TokenClaims>): TokenClaims => ({ apikey: 'key', permissions: [], roles: [], ...given });
const FREE = { rolesRequired: false };

describe('a token', () => {
  test.each<[string, Partial<TokenClaims>, object]>([
    ['crawler alone', { roles: ['crawler'] }, { reach: 'everything' }],
    ['crawler and rtc', { roles: ['crawler', 'rtc'] }, { reach: 'documented' }],
    ['no roles', {}, { reach: 'documented' }],
    ['no roles, may join', { permissions: ['allow_join'] }, { reach: 'documented' }],
    ['no roles, may moderate', { permissions: ['allow_mod'] }, { reach: 'documented' }],
    ['no roles, may join and ask', { permissions: ['allow_join', 'ask_join'] }, { reach: 'documented' }],
    ['no roles, asks', { permissions: ['ask_join'] }, { reach: 'look' }],
    ['rtc alone', { roles: ['rtc'] }, { reach: 'nothing' }],
    [
      'rtc alone, moderates as ann',
      { roles: ['rtc'], permissions: ['allow_mod'], participantId: 'ann' },
      { reach: 'nothing' },
    ],
    ['crawler, one room', { roles: ['crawler'], roomId: 'r' }, { reach: 'everything', roomId: 'r' }],
    ['crawler and rtc, one room', { roles: ['crawler', 'rtc'], roomId: 'r' }, { reach: 'documented', roomId: 'r' }],
    ['no roles, one room', { roomId: 'r' }, { reach: 'documented', roomId: 'r' }],
    ['no roles, asks in one room', { roomId: 'r', permissions: ['ask_join'] }, { reach: 'look', roomId: 'r' }],
    ['crawler as ann', { roles: ['crawler'], participantId: 'ann' }, { reach: 'everything', participantId: 'ann' }],
    [
      'crawler and rtc as ann in one room',
      { roles: ['crawler', 'rtc'], participantId: 'ann', roomId: 'r' },
      { reach: 'documented', participantId: 'ann', roomId: 'r' },
    ],
    ['no roles as ann', { permissions: ['allow_join'], participantId: 'ann' }, { reach: 'look', presentAs: 'ann' }],
    ['no roles as ann in one room', { participantId: 'ann', roomId: 'r' }, { reach: 'look', roomId: 'r' }],
    [
      'no roles, moderates as ann',
      { permissions: ['allow_join', 'allow_mod'], participantId: 'ann' },
      { reach: 'moderate', presentAs: 'ann' },
    ],
    ['no roles, asks as ann', { permissions: ['ask_join'], participantId: 'ann' }, { reach: 'look', presentAs: 'ann' }],
  ])('%s', (_, given, expected) => {
    expect(rightsOf(claims(given), FREE)).toEqual(expected);
  });

  test.each<[string, Partial<TokenClaims>, string]>([
    ['no roles', {}, 'nothing'],
    ['no roles, may moderate', { permissions: ['allow_join', 'allow_mod'] }, 'nothing'],
    ['no roles as ann', { participantId: 'ann' }, 'look'],
    ['crawler and rtc', { roles: ['crawler', 'rtc'] }, 'documented'],
    ['crawler', { roles: ['crawler'] }, 'everything'],
  ])('of a key that takes roles only: %s', (_, given, reach) => {
    expect(rightsOf(claims(given), { rolesRequired: true }).reach).toBe(reach);
  });
});

describe('a call', () => {
  const refusal = (given: Partial<TokenClaims>, call: Parameters<typeof requireCall>[1]): string => {
    try {
      requireCall(rightsOf(claims(given), FREE), call, claims(given));
      return '';
    } catch (error) {
      return (error as Error).message;
    }
  };

  test('that is refused names the claim that would do', () => {
    expect(refusal({ roles: ['rtc'] }, restCall('GET', '/v2/rooms'))).toContain('roles claim is ["crawler"]');
    expect(refusal({}, restCall('GET', '/v2/webhooks/settings'))).toContain('no roles claim that counts');
    const moderated = restCall('POST', '/v2/sessions/end');
    expect(refusal({ participantId: 'ann' }, moderated)).toContain('"allow_mod"');
    expect(refusal({ roomId: 'r' }, restCall('POST', '/v2/rooms'))).toContain('roomId claim "r"');
  });

  test('of our own that concerns one room is made by a token for it', () => {
    const crawler: Partial<TokenClaims> = { roles: ['crawler'], roomId: 'r' };
    expect(refusal(crawler, { class: 'own' })).toContain('roomId');
    expect(refusal(crawler, { class: 'own', inRoom: true })).toBe('');
  });

  test('that the table does not name is an error, whatever its path looks like', () => {
    expect(() => restCall('GET', '/v2/rooms/:id/secret')).toThrow('who may call it?');
    expect(() => restCall('GET', 'constructor')).toThrow();
    expect(restCall('HEAD', '/v2/rooms/')).toBe(REST_CALLS['GET /v2/rooms']);
  });
});
