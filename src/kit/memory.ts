/** Bytes of memory that this process takes; 0 when the system cannot say, as without a descriptor to read it by. */
export function residentBytes(): number {
  try {
    return process.memoryUsage.rss();
  } catch {
    return 0;
  }
}
