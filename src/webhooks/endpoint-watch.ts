// Remembers which endpoints of which owner are failing, so that their streams do not wait for each delivery's own quick retries.

/** Failures in a row, over all streams of an endpoint. */
const FAILING_AFTER = 4;
const MAX_ENDPOINTS = 10_000;

interface Endpoint {
  ownerId: string;
  url: string;
}

export class EndpointWatch {
  readonly #failures = new Map<string, number>();

  isFailing(endpoint: Endpoint): boolean {
    return (this.#failures.get(keyOf(endpoint)) ?? 0) >= FAILING_AFTER;
  }

  delivered(endpoint: Endpoint): void {
    this.#failures.delete(keyOf(endpoint));
  }

  failed(endpoint: Endpoint): void {
    const key = keyOf(endpoint);
    const failures = this.#failures.get(key) ?? 0;
    this.#failures.delete(key);
    const [oldest] = this.#failures.keys();
    if (this.#failures.size >= MAX_ENDPOINTS && oldest !== undefined) this.#failures.delete(oldest);
    this.#failures.set(key, failures + 1);
  }
}

/** One receiver may refuse the events of one owner and take those of another. */
function keyOf({ ownerId, url }: Endpoint): string {
  return `${ownerId} ${url}`;
}
