// Keys as verifying needs them, remembered for a moment: one database query per key and second, however many calls.
import type { CryptoKey } from 'jose';
import { type ApiKey, type KeyStore, validSecrets } from './keys.ts';

/** How long a key that was disabled elsewhere may go on working. */
const TTL_MS = 1_000;
/** Tokens can name any number of keys that do not exist. */
const MAX_ENTRIES = 10_000;

export interface VerifyingKey extends ApiKey {
  /** The secrets that were good when it was looked up, as signatures are checked with them. */
  verifyWith: readonly { secret: string; key: CryptoKey }[];
}

interface Entry {
  key: Promise<VerifyingKey | undefined>;
  until: number;
}

export class KeyCache {
  readonly #store: Pick<KeyStore, 'find'>;
  readonly #entries = new Map<string, Entry>();

  constructor(store: Pick<KeyStore, 'find'>) {
    this.#store = store;
  }

  find(apiKey: string): Promise<VerifyingKey | undefined> {
    const now = Date.now();
    const known = this.#entries.get(apiKey);
    if (known && known.until > now) return known.key;
    if (this.#entries.size >= MAX_ENTRIES) this.#entries.clear();
    const key = this.#load(apiKey);
    this.#entries.set(apiKey, { key, until: now + TTL_MS });
    // A database that was away for a moment must not be remembered as an answer.
    key.catch(() => this.#entries.delete(apiKey));
    return key;
  }

  forget(apiKey: string): void {
    this.#entries.delete(apiKey);
  }

  async #load(apiKey: string): Promise<VerifyingKey | undefined> {
    const key = await this.#store.find(apiKey);
    if (!key) return undefined;
    return { ...key, verifyWith: await Promise.all(validSecrets(key).map(verifierOf)) };
  }
}

async function verifierOf(secret: string): Promise<{ secret: string; key: CryptoKey }> {
  const bytes = new TextEncoder().encode(secret);
  const key = await crypto.subtle.importKey('raw', bytes, { name: 'HMAC', hash: 'SHA-256' }, false, ['verify']);
  return { secret, key };
}
