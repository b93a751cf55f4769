// How often somebody may be wrong. Counted in this process: with several nodes the bound is that many times as large,
// which is still nothing against a secret of 256 bits.
import ipaddr from 'ipaddr.js';

/** Bounds what strangers can make us remember; when it is reached, the oldest are forgotten. */
const MAX_ENTRIES = 20_000;

interface Entry {
  failures: number;
  until: number;
}

export class FailedAttempts {
  readonly #limit: number;
  readonly #windowMs: number;
  readonly #entries = new Map<string, Entry>();

  /** At most `limit` failures in `windowMs`, which begins with the first. */
  constructor(limit: number, windowMs: number) {
    this.#limit = limit;
    this.#windowMs = windowMs;
  }

  /** Whether nobody has failed, as far as is remembered. */
  get isEmpty(): boolean {
    return this.#entries.size === 0;
  }

  /** Milliseconds until `who` may try again; 0 when that is now. */
  waitMs(who: string): number {
    const entry = this.#live(who);
    return entry && entry.failures >= this.#limit ? entry.until - Date.now() : 0;
  }

  failed(who: string): void {
    const entry = this.#live(who);
    if (entry) {
      entry.failures++;
      return;
    }
    const [oldest] = this.#entries.keys();
    if (this.#entries.size >= MAX_ENTRIES && oldest !== undefined) this.#entries.delete(oldest);
    this.#entries.set(who, { failures: 1, until: Date.now() + this.#windowMs });
  }

  #live(who: string): Entry | undefined {
    const entry = this.#entries.get(who);
    if (entry && entry.until > Date.now()) return entry;
    this.#entries.delete(who);
    return undefined;
  }
}

/** Who holds one IPv6 address holds the 64 bits behind it. */
export function addressGroup(address: string): string {
  if (!ipaddr.isValid(address)) return address;
  const parsed = ipaddr.process(address);
  if (parsed.kind() === 'ipv4') return parsed.toString();
  return `${new ipaddr.IPv6([...parsed.toByteArray().slice(0, 8), 0, 0, 0, 0, 0, 0, 0, 0])}/64`;
}
