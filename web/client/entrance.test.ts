import { describe, expect, it } from 'vitest';
import { claimsOf, entranceIn, socketOrigin } from './entrance.ts';

describe('the address of a meeting', () => {
  it('holds a token or an invite in its fragment', () => {
    expect(entranceIn('#token=a.b.c')).toEqual({ token: 'a.b.c', invite: undefined });
    expect(entranceIn('#invite=x')).toEqual({ token: undefined, invite: 'x' });
    expect(entranceIn('')).toEqual({ token: undefined, invite: undefined });
  });
});

describe('the claims of a token', () => {
  const token = (claims: unknown) => {
    const bytes = new TextEncoder().encode(JSON.stringify(claims));
    return `h.${btoa(String.fromCharCode(...bytes))
      .replaceAll('+', '-')
      .replaceAll('/', '_')
      .replaceAll('=', '')}.s`;
  };

  it('say what the page may offer', () => {
    expect(claimsOf(token({ permissions: ['allow_join', 'allow_mod'], participantId: 'Zoë' }))).toEqual({
      participantId: 'Zoë',
      mayJoinDirectly: true,
      mayModerate: true,
      mayCall: true,
    });
    expect(claimsOf(token({ permissions: ['ask_join'] }))).toMatchObject({
      mayJoinDirectly: false,
      mayModerate: false,
    });
  });

  it('are none in what is not a token', () => {
    for (const odd of ['', 'a.b', 'a.%%%.c', token(null), token({ permissions: 'allow_mod' })]) {
      expect(claimsOf(odd)).toMatchObject({ participantId: undefined, mayJoinDirectly: false, mayModerate: false });
    }
  });
});

describe('the socket', () => {
  it('takes TLS, except beside a page of the same machine that was opened without', () => {
    const secure = { protocol: 'https:', hostname: '127.0.0.1', host: '127.0.0.1:8443' };
    const plain = { protocol: 'http:', hostname: '127.0.0.1', host: '127.0.0.1:8080' };
    expect(socketOrigin('127.0.0.1:8443', secure)).toBe('wss://127.0.0.1:8443');
    expect(socketOrigin('127.0.0.1:8443', plain)).toBe('ws://127.0.0.1:8080');
    expect(socketOrigin('rooms.example.com', plain)).toBe('wss://rooms.example.com');
  });
});
