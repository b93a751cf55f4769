/** Does something for each of many, so many at the same time. Rejects with the first failure, and begins nothing more. */
export async function eachOf<T>(
  items: Iterable<T>,
  atOnce: number,
  work: (item: T) => Promise<unknown>,
): Promise<void> {
  const waiting = Iterator.from(items);
  let isFailed = false;
  const lane = async () => {
    for (const item of waiting) {
      if (isFailed) return;
      await work(item);
    }
  };
  const lanes = Array.from({ length: atOnce }, () =>
    lane().catch((error) => {
      isFailed = true;
      throw error;
    }),
  );
  await Promise.all(lanes);
}
