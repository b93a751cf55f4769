/**
 * Resolves and rejects like `work`, or resolves with `late` once the time is up; `work` goes on then. With `ref: false`
 * the timer does not keep the process alive.
 */
export async function within<T>(work: T | PromiseLike<T>, timeoutMs: number, { ref = true } = {}): Promise<T | 'late'> {
  const { promise: late, resolve } = Promise.withResolvers<'late'>();
  const timer = setTimeout(resolve, timeoutMs, 'late');
  if (!ref) timer.unref();
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}
