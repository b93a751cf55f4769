import { randomBytes, verify } from 'node:crypto';
import { VideoSDK } from '@videosdk.live/server-sdk';
import fc from 'fast-check';
import { Webhook } from 'standardwebhooks';
import { beforeAll, describe, expect, test } from 'vitest';
import { newSigningKey, Signer, webhookBody } from './signature.ts';

const secret = `whsec_${randomBytes(24).toString('base64')}`;
const data = { meetingId: 'abcd-efgh-ijkl', sessionId: 's', participantName: 'Zoë / "q" \u2028 😀' };
const body = webhookBody('participant-joined', JSON.stringify(data));

let signer: Signer;

beforeAll(async () => {
  signer = new Signer(await newSigningKey());
});

function headers(at?: Date): Promise<Record<string, string>> {
  return signer.headers({ eventId: 'event-1', sequence: 7, body, secret }, at);
}

describe('webhookBody', () => {
  test('is what receivers get when they parse and serialise it', () => {
    fc.assert(
      fc.property(fc.string(), fc.dictionary(fc.string({ unit: 'binary' }), fc.jsonValue()), (type, value) => {
        const text = webhookBody(type, JSON.stringify(value));
        expect(JSON.stringify(JSON.parse(text))).toBe(text);
      }),
    );
  });
});

describe('Signer', () => {
  test('the public key is PKCS#1 with a line break before and after', () => {
    const pem = signer.publicKeyPem();
    expect(pem).toMatch(/^\n-----BEGIN RSA PUBLIC KEY-----\n[\s\S]+\n-----END RSA PUBLIC KEY-----\n$/);
  });

  test("VideoSDK's own SDK accepts the signature, and refuses a changed body", async () => {
    const { webhooks } = new VideoSDK({ apiKey: 'key', secret: 'a-secret-of-some-length' });
    const signature = (await headers())['videosdk-signature'] ?? '';
    const publicKey = signer.publicKeyPem();
    await expect(webhooks.verify(body, signature, { publicKey })).resolves.toMatchObject({
      webhookType: 'participant-joined',
      data,
    });
    expect(() => webhooks.verifySync(`${body} `, signature, publicKey)).toThrow();
  });

  test('a receiver that verifies the body it has parsed and serialised accepts it', async () => {
    const signature = Buffer.from((await headers())['videosdk-signature'] ?? '', 'base64');
    const again = Buffer.from(JSON.stringify(JSON.parse(body)));
    expect(verify('RSA-SHA256', again, signer.publicKeyPem(), signature)).toBe(true);
  });

  test('the standardwebhooks package accepts the headers, and no other secret does', async () => {
    const sent = await headers();
    expect(new Webhook(secret).verify(body, sent)).toEqual(JSON.parse(body));
    const other = new Webhook(`whsec_${randomBytes(24).toString('base64')}`);
    expect(() => other.verify(body, sent)).toThrow();
  });

  test('id and RSA signature stay the same across attempts; the time does not', async () => {
    const first = await headers(new Date(1_700_000_000_000));
    const second = await headers(new Date(1_700_000_060_000));
    expect(second).toMatchObject({
      'webhook-id': first['webhook-id'],
      'videosdk-signature': first['videosdk-signature'],
      'webhook-sequence': '7',
      'webhook-timestamp': '1700000060',
    });
    expect(second['webhook-signature']).not.toBe(first['webhook-signature']);
  });

  test('without a secret the Standard Webhooks signature is left out', async () => {
    const sent = await signer.headers({ eventId: 'event-2', sequence: 1, body, secret: null });
    expect(sent).not.toHaveProperty('webhook-signature');
  });
});
