// Claims of tokens whose signature has been checked: backends send one token with thousands of calls, and the check
// costs more than the rest of a small call.
import type { TokenClaims } from '../protocol/rest/tokens.ts';

/** Only tokens with a right signature get in, so nobody without a secret can push others out. */
const MAX_ENTRIES = 2_000;

interface Entry {
  claims: TokenClaims;
  /** The secret it was checked with: a rotated key voids it. */
  secret: string;
}

export class TokenCache {
  readonly #entries = new Map<string, Entry>();

  get(token: string): Entry | undefined {
    return this.#entries.get(token);
  }

  set(token: string, entry: Entry): void {
    const [oldest] = this.#entries.size >= MAX_ENTRIES ? this.#entries.keys() : [];
    if (oldest !== undefined) this.#entries.delete(oldest);
    this.#entries.set(token, entry);
  }
}
