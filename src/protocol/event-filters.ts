// Which events a receiver gets: names and patterns, as callers write them and as they are matched.
import { EVENT_TYPES, LATER_EVENT_TYPES } from './events.ts';

/** Families that the reference names without their members; a filter that begins with one of them may match. */
const OPEN_FAMILIES = ['call-', 'switch-room-', 'composite-recording-'];

/**
 * A filter in the form it is kept and matched in. VideoSDK's documentation calls filters regular expressions, and shows
 * wildcards: `.*` means `*`, and the anchors at both ends are what a filter does anyway.
 */
export function readEventFilter(text: string): string {
  return text.trim().replace(/^\^/, '').replace(/\$$/, '').replaceAll('.*', '*');
}

/** Whether a filter can ever match an event, of those that are sent and those that the reference has beside them. */
export function isEventFilter(filter: string): boolean {
  if (OPEN_FAMILIES.some((family) => filter.startsWith(family))) return true;
  return [...EVENT_TYPES, ...LATER_EVENT_TYPES].some((type) => matchesEvent(filter, type));
}

const ALLOWED = `must be one of ${EVENT_TYPES.join(', ')}, or a pattern with * such as recording-*`;

/** Filters that match nothing, in the list that callers know as `field`, as a refusal tells of them. */
export function eventFilterProblems(
  field: string,
  filters: readonly string[],
): { field: string; got: string; allowed: string }[] {
  return filters.flatMap((filter, index) => {
    if (isEventFilter(filter)) return [];
    return [{ field: `${field}.${index}`, got: JSON.stringify(filter), allowed: ALLOWED }];
  });
}

/**
 * True when the filter, in which `*` stands for any characters, matches the whole name. Walks the parts between the
 * stars from left to right: linear, so that no filter can be made to take long.
 */
export function matchesEvent(filter: string, type: string): boolean {
  const [first = '', ...rest] = filter.split('*');
  const last = rest.pop();
  if (last === undefined) return filter === type;
  if (!type.startsWith(first)) return false;
  let position = first.length;
  for (const part of rest) {
    const found = type.indexOf(part, position);
    if (found === -1) return false;
    position = found + part.length;
  }
  return type.length - last.length >= position && type.endsWith(last);
}
