// The word that was probably meant, for callers who mistype one.

/** Longer ones are no typing mistakes, and comparing them would take time. */
const MAX_LENGTH = 64;
/** Shorter beginnings than this belong to too many words. */
const MIN_BEGINNING = 4;

/** Small letters and digits alone: `custom_room_ID` is `customRoomId`. */
export const simplified = (word: string) => word.toLowerCase().replace(/[^a-z0-9]/g, '');

/** The one of `words` that `word` is a mistyped, shortened or lengthened form of, if any is near enough. */
export function nearest(word: string, words: readonly string[]): string | undefined {
  if (word.length > MAX_LENGTH) return undefined;
  const given = simplified(word);
  const allowedDistance = Math.ceil(given.length / 4);
  const [best] = words
    .map((candidate) => ({ candidate, distance: distanceOf(given, simplified(candidate)) }))
    .filter(({ distance }) => distance <= allowedDistance)
    .sort((a, b) => a.distance - b.distance);
  return best?.candidate;
}

function distanceOf(given: string, candidate: string): number {
  const [short, long] = given.length < candidate.length ? [given, candidate] : [candidate, given];
  if (short.length >= MIN_BEGINNING && long.startsWith(short)) return 1;
  return editDistance(given, candidate);
}

/** How many letters have to be put in, left out or exchanged (Levenshtein). */
function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (const [i, letter] of [...a].entries()) {
    const next = [i + 1];
    for (let j = 0; j < b.length; j++) {
      const exchanged = (row[j] ?? 0) + (letter === b[j] ? 0 : 1);
      next.push(Math.min(exchanged, (next[j] ?? 0) + 1, (row[j + 1] ?? 0) + 1));
    }
    row = next;
  }
  return row[b.length] ?? 0;
}
