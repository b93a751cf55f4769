// Remembers which endpoints are failing, so that their streams do not wait for each delivery's own quick retries.

/** Failures in a row, over all streams of an endpoint. */
const FAILING_AFTER = 4;
const MAX_ENDPOINTS = 10_000;

export class EndpointWatch {
  readonly #failures = new Map<string, number>();

  isFailing(url: string): boolean {
    return (this.#failures.get(url) ?? 0) >= FAILING_AFTER;
  }

  delivered(url: string): void {
    this.#failures.delete(url);
  }

  failed(url: string): void {
    const failures = this.#failures.get(url) ?? 0;
    this.#failures.delete(url);
    const [oldest] = this.#failures.keys();
    if (this.#failures.size >= MAX_ENDPOINTS && oldest !== undefined) this.#failures.delete(oldest);
    this.#failures.set(url, failures + 1);
  }
}
