// The body of a webhook and the headers that prove where it comes from.
import { createPrivateKey, createPublicKey, generateKeyPair, type KeyObject, sign } from 'node:crypto';
import { promisify } from 'node:util';
import { Webhook } from 'standardwebhooks';

const KEY_BITS = 2048;
/** An event goes to several receivers and is tried again: its signature is worth keeping for a while. */
const KEPT_SIGNATURES = 2_000;
/** One per API key in use. */
const KEPT_SECRETS = 1_000;

const generate = promisify(generateKeyPair);

/** What is sent, apart from its destination. */
export interface Message {
  /** The same for every receiver and every attempt. */
  eventId: string;
  /** Position among the session's events. */
  sequence: number;
  body: string;
  /** Standard Webhooks secret of the API key; without one its headers are left out. */
  secret: string | null;
}

/** A new private key for webhook signatures, as PEM. */
export async function newSigningKey(): Promise<string> {
  const { privateKey } = await generate('rsa', { modulusLength: KEY_BITS });
  return privateKey.export({ type: 'pkcs8', format: 'pem' }) as string;
}

/**
 * The body that receivers get. Its bytes are those of `JSON.stringify(JSON.parse(body))`, which is what the documented
 * receivers verify; `dataJson` must itself come from `JSON.stringify`.
 */
export function webhookBody(type: string, dataJson: string): string {
  return `{"webhookType":${JSON.stringify(type)},"data":${dataJson}}`;
}

export class Signer {
  readonly #privateKey: KeyObject;
  readonly #publicKeyPem: string;
  readonly #signatures = new Map<string, Promise<string>>();
  readonly #webhooks = new Map<string, Webhook>();

  constructor(privateKeyPem: string) {
    this.#privateKey = createPrivateKey(privateKeyPem);
    const pem = createPublicKey(this.#privateKey).export({ type: 'pkcs1', format: 'pem' }) as string;
    this.#publicKeyPem = `\n${pem.trim()}\n`;
  }

  /** PKCS#1, with a line break before and after. */
  publicKeyPem(): string {
    return this.#publicKeyPem;
  }

  /** All headers of an attempt made at `at`. */
  async headers({ eventId, sequence, body, secret }: Message, at: Date = new Date()): Promise<Record<string, string>> {
    return {
      'content-type': 'application/json',
      'user-agent': 'Roomful-Webhooks/1',
      'videosdk-signature': await this.#signature(eventId, body),
      'webhook-id': eventId,
      'webhook-timestamp': String(Math.floor(at.getTime() / 1000)),
      'webhook-sequence': String(sequence),
      ...(secret && { 'webhook-signature': this.#webhook(secret).sign(eventId, at, body) }),
    };
  }

  #signature(eventId: string, body: string): Promise<string> {
    let signature = this.#signatures.get(eventId);
    if (!signature) {
      signature = rsaSha256(this.#privateKey, body);
      keep(this.#signatures, eventId, signature, KEPT_SIGNATURES);
    }
    return signature;
  }

  #webhook(secret: string): Webhook {
    let webhook = this.#webhooks.get(secret);
    if (!webhook) {
      webhook = new Webhook(secret);
      keep(this.#webhooks, secret, webhook, KEPT_SECRETS);
    }
    return webhook;
  }
}

/** With a callback the work is done by the thread pool and not between two media messages. */
function rsaSha256(key: KeyObject, body: string): Promise<string> {
  return new Promise((resolve, reject) => {
    sign('RSA-SHA256', Buffer.from(body), key, (error, signature) => {
      if (error) reject(error);
      else resolve(signature.toString('base64'));
    });
  });
}

/** Maps keep their order, so the first entry is the oldest. */
function keep<V>(map: Map<string, V>, key: string, value: V, limit: number): void {
  const [oldest] = map.keys();
  if (map.size >= limit && oldest !== undefined) map.delete(oldest);
  map.set(key, value);
}
