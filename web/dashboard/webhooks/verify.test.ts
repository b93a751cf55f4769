import { Webhook } from 'standardwebhooks';
import { beforeAll, describe, expect, test } from 'vitest';
import { verifyRsa, verifyStandard } from './verify.ts';

const BODY = '{"webhookType":"participant-joined","data":{"participantName":"Zoë <b>"}}';

const PUBLIC_EXPONENT = new Uint8Array([1, 0, 1]);
const SPKI_HEADER_BYTES = 24;

function base64(bytes: Uint8Array): string {
  return btoa(String.fromCharCode(...bytes));
}

describe('the RSA signature', () => {
  let spki = '';
  let pem = '';
  let signature = '';
  beforeAll(async () => {
    const algorithm = {
      name: 'RSASSA-PKCS1-v1_5',
      hash: 'SHA-256',
      modulusLength: 2048,
      publicExponent: PUBLIC_EXPONENT,
    };
    const { publicKey, privateKey } = await crypto.subtle.generateKey(algorithm, true, ['sign', 'verify']);
    const der = new Uint8Array(await crypto.subtle.exportKey('spki', publicKey));
    spki = `-----BEGIN PUBLIC KEY-----\n${base64(der)}\n-----END PUBLIC KEY-----`;
    // What the server hands out: the key alone, without the name of its algorithm.
    pem = `\n-----BEGIN RSA PUBLIC KEY-----\n${base64(der.slice(SPKI_HEADER_BYTES))}\n-----END RSA PUBLIC KEY-----\n`;
    signature = base64(
      new Uint8Array(await crypto.subtle.sign(algorithm.name, privateKey, new TextEncoder().encode(BODY))),
    );
  });

  test('of exactly this body is right, whichever form the key has', async () => {
    expect(await verifyRsa(BODY, ` ${signature}\n`, pem)).toMatchObject({ ok: true });
    expect(await verifyRsa(BODY, signature, spki)).toMatchObject({ ok: true });
  });

  test('of a body that was written again with spaces says so', async () => {
    const { ok, why } = await verifyRsa(JSON.stringify(JSON.parse(BODY), null, 2), signature, pem);
    expect([ok, why]).toEqual([false, expect.stringContaining('without added spaces')]);
  });

  test('of something else is wrong, and nonsense is no crash', async () => {
    expect((await verifyRsa(`${BODY} `, signature, pem)).ok).toBe(false);
    expect((await verifyRsa('', signature, pem)).ok).toBe(false);
    expect(await verifyRsa(BODY, '§§§', pem)).toMatchObject({ ok: false, why: expect.stringContaining('base64') });
  });
});

describe('the signature of Standard Webhooks', () => {
  const secret = `whsec_${btoa('0123456789abcdef01234567')}`;
  const at = new Date(1_700_000_000_000);
  const message = { id: 'msg_1', timestamp: '1700000000', body: BODY };
  const signature = new Webhook(secret).sign('msg_1', at, BODY);

  test('is right, also among others', async () => {
    expect(await verifyStandard(message, `v1,AAAA ${signature}`, secret, at.getTime())).toMatchObject({ ok: true });
    const late = await verifyStandard(message, signature, secret, at.getTime() + 600_000);
    expect([late.ok, late.why]).toEqual([true, expect.stringContaining('five minutes')]);
  });

  test.each([
    ['another body', { ...message, body: '{}' }, signature, secret],
    ['another time', { ...message, timestamp: '1700000001' }, signature, secret],
    ['another secret', message, signature, 'whsec_AAAA'],
    ['no secret', message, signature, 'whsec_§'],
    ['no signature', message, '', secret],
  ])('is wrong for %s', async (_, changed, signatures, withSecret) => {
    expect((await verifyStandard(changed, signatures, withSecret, at.getTime())).ok).toBe(false);
  });
});
