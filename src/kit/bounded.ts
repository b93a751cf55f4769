/** Makes room for one more entry in a map or set that holds `max` at most: the oldest one goes. */
export function dropOldest<K>(entries: Map<K, unknown> | Set<K>, max: number): void {
  if (entries.size < max) return;
  for (const oldest of entries.keys()) {
    entries.delete(oldest);
    return;
  }
}
