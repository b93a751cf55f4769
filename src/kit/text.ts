// Text as people write it: cut where a reader would cut it, and repaired where a program has cut it before.

const graphemes = new Intl.Segmenter(undefined, { granularity: 'grapheme' });
/** How much is looked at behind the cut to see what stands across it; no letter or emoji in use is longer. */
const LOOK_AHEAD = 64;

/** At most `max` UTF-16 units of a text, never ending within a letter, an emoji or a surrogate pair. */
export function clip(text: string, max: number): string {
  if (text.length <= max) return text;
  const across = graphemes.segment(text.slice(0, max + LOOK_AHEAD)).containing(max)?.index ?? max;
  // One "letter" of a thousand accents is cut within, and all the same not within a pair.
  const end = across > 0 ? across : max - Number(isHighSurrogate(text.charCodeAt(max - 1)));
  return text.slice(0, end);
}

/** The text without NUL, which no database or C library takes, and with � for each half of a surrogate pair. */
export function repair(text: string): string {
  return text.replaceAll('\0', '').toWellFormed();
}

/** As `repair` for every text in a JSON value that is nested at most `maxDepth` deep; names of members stay. */
export function repairAll(value: unknown, maxDepth: number): unknown {
  if (typeof value === 'string') return repair(value);
  if (maxDepth === 0 || value === null || typeof value !== 'object') return value;
  if (Array.isArray(value)) return value.map((item) => repairAll(item, maxDepth - 1));
  // Bytes, which sockets carry as well.
  if (Object.getPrototypeOf(value) !== Object.prototype) return value;
  const members = Object.entries(value).map(([name, item]) => [name, repairAll(item, maxDepth - 1)]);
  return Object.fromEntries(members);
}

function isHighSurrogate(unit: number): boolean {
  return unit >= 0xd800 && unit <= 0xdbff;
}
