// Sign-ins to the dashboard: an API key and its secret once, then a random token that the browser keeps in a cookie.
import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import { signInNeeded, signInRefused, tooManyAttempts } from '../errors.ts';
import { addressGroup, FailedAttempts } from './attempts.ts';
import { type KeyStore, validSecrets } from './keys.ts';

/** A sign-in ends when it has not been used for this long, and after the longer time whatever is done with it. */
const IDLE_MS = 12 * 3_600_000;
export const SIGN_IN_MAX_MS = 7 * 24 * 3_600_000;
/** Uses within this time are written down once. */
const TOUCH_EVERY_MS = 60_000;

const FAILURES_WINDOW_MS = 10 * 60_000;
/** For an address and a key together: nobody elsewhere can shut the key's owner out. */
const MAX_FAILURES = 10;

export interface SignInStore {
  insert(signIn: { tokenHash: string; apiKey: string; secretHash: string; at: Date }): Promise<void>;
  find(tokenHash: string): Promise<
    | {
        apiKey: string;
        ownerId: string;
        secret: string;
        previousSecret: string | null;
        previousSecretUntil: Date | null;
        secretHash: string;
        keyDisabled: boolean;
        createdAt: Date;
        usedAt: Date;
      }
    | undefined
  >;
  touch(tokenHash: string, at: Date): Promise<void>;
  renew(tokenHash: string, secretHash: string): Promise<void>;
  remove(tokenHash: string): Promise<void>;
  removeUnusedSince(time: Date): Promise<void>;
}

export interface SignedIn {
  apiKey: string;
  ownerId: string;
  expiresAt: Date;
}

export class SignIns {
  readonly #store: SignInStore;
  readonly #keys: Pick<KeyStore, 'find'>;
  readonly #failures = new FailedAttempts(MAX_FAILURES, FAILURES_WINDOW_MS);

  constructor({ store, keys }: { store: SignInStore; keys: Pick<KeyStore, 'find'> }) {
    this.#store = store;
    this.#keys = keys;
  }

  /** Returns the token for the cookie, or refuses; it says the same whether the key or the secret was wrong. */
  async signIn(given: { apiKey: string; secret: string }, address: string): Promise<{ token: string }> {
    const who = `${addressGroup(address)} ${given.apiKey}`;
    const waitMs = this.#failures.waitMs(who);
    if (waitMs > 0) throw tooManyAttempts(waitMs / 1000);
    const key = await this.#keys.find(given.apiKey);
    const isRight = key ? validSecrets(key).some((secret) => sameText(given.secret, secret)) : false;
    if (!key || key.disabledAt || !isRight) {
      this.#failures.failed(who);
      throw signInRefused();
    }
    const token = randomBytes(32).toString('base64url');
    const at = new Date();
    await this.#store.removeUnusedSince(new Date(at.getTime() - IDLE_MS));
    await this.#store.insert({ tokenHash: hash(token), apiKey: key.apiKey, secretHash: hash(given.secret), at });
    return { token };
  }

  /** Who is signed in with a token, or an error with status 401. */
  async authorize(token: string | undefined): Promise<SignedIn> {
    if (!token || token.length > 100) throw signInNeeded();
    const found = await this.#store.find(hash(token));
    if (!found || found.keyDisabled) throw signInNeeded();
    if (!validSecrets(found).some((secret) => sameText(hash(secret), found.secretHash))) throw signInNeeded();
    const now = Date.now();
    const endsAt = found.createdAt.getTime() + SIGN_IN_MAX_MS;
    if (now >= endsAt || now >= found.usedAt.getTime() + IDLE_MS) throw signInNeeded();
    if (now - found.usedAt.getTime() > TOUCH_EVERY_MS) await this.#store.touch(hash(token), new Date(now));
    return { apiKey: found.apiKey, ownerId: found.ownerId, expiresAt: new Date(Math.min(endsAt, now + IDLE_MS)) };
  }

  /** Goes on with a sign-in whose own key got a new secret; the others of that key end with the old one. */
  async renew(token: string, secret: string): Promise<void> {
    await this.#store.renew(hash(token), hash(secret));
  }

  async signOut(token: string | undefined): Promise<void> {
    if (token) await this.#store.remove(hash(token));
  }
}

function hash(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}

/** Takes equally long however much of it is right. */
function sameText(a: string, b: string): boolean {
  const [left, right] = [a, b].map((text) => createHash('sha256').update(text).digest());
  return left !== undefined && right !== undefined && timingSafeEqual(left, right);
}
