// Work that gives the same to everybody who asks: however many do so at once, it is done once.

/** Runs `run`; calls that come while it does share its outcome. */
export function shared<T>(run: () => Promise<T>): () => Promise<T> {
  let running: Promise<T> | undefined;
  return () => {
    running ??= run().finally(() => {
      running = undefined;
    });
    return running;
  };
}
