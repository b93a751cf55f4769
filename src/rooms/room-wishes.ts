// Rules for what a new room asks for that a schema cannot tell.
import { invalidInput } from '../errors.ts';
import type { Problem } from '../kit/validate.ts';
import { EVENT_TYPES, LATER_EVENT_TYPES } from '../protocol/events.ts';
import type { CreateRoomBody } from '../protocol/rest/rooms.ts';

/** Throws, saying why, when an address may not be reached at all; what a name resolves to is checked at delivery. */
export type CheckUrl = (url: string) => unknown;

/** A configuration is read whenever its room is; one as large as a body may be would slow down every list. */
const MAX_CONFIG_BYTES = 64 * 1024;

const KNOWN_EVENTS: ReadonlySet<string> = new Set([...EVENT_TYPES, ...LATER_EVENT_TYPES]);

/** Throws when a webhook, a template address or the size of a configuration is not acceptable. */
export function checkWishes(wish: CreateRoomBody, checkUrl: CheckUrl | undefined): void {
  const { webhook, autoStartConfig } = wish;
  const problems: Problem[] = [];
  if (webhook) {
    problems.push(...urlProblems('webhook.endPoint', webhook.endPoint, checkUrl));
    problems.push(...eventProblems(webhook.events ?? []));
  }
  for (const kind of ['recording', 'hls'] as const) {
    const templateUrl = autoStartConfig?.[kind]?.templateUrl;
    if (templateUrl) problems.push(...urlProblems(`autoStartConfig.${kind}.templateUrl`, templateUrl, checkUrl));
  }
  for (const field of ['webhook', 'autoCloseConfig', 'autoStartConfig', 'multiComposition'] as const) {
    problems.push(...sizeProblems(field, wish[field]));
  }
  if (problems.length > 0) throw invalidInput(problems);
}

function urlProblems(field: string, text: string, checkUrl: CheckUrl | undefined): Problem[] {
  const url = URL.parse(text);
  const problem = (allowed: string): Problem[] => [{ field, got: JSON.stringify(text.slice(0, 100)), allowed }];
  if (!url || !/^https?:$/.test(url.protocol)) return problem('must be an http or https URL');
  if (url.username || url.password)
    return [{ field, got: 'a URL with credentials', allowed: 'must not hold credentials' }];
  try {
    checkUrl?.(text);
  } catch (error) {
    return problem(error instanceof Error ? error.message : 'must be a URL that may be reached');
  }
  return [];
}

function eventProblems(events: readonly string[]): Problem[] {
  return events.flatMap((event, index) => {
    if (event.includes('*') || KNOWN_EVENTS.has(event)) return [];
    const allowed = `must be one of ${EVENT_TYPES.join(', ')}, or a pattern with * such as recording-*`;
    return [{ field: `webhook.events.${index}`, got: JSON.stringify(event), allowed }];
  });
}

function sizeProblems(field: string, value: unknown): Problem[] {
  const size = value === undefined ? 0 : Buffer.byteLength(JSON.stringify(value));
  if (size <= MAX_CONFIG_BYTES) return [];
  return [{ field, got: `${size} bytes`, allowed: `must be at most ${MAX_CONFIG_BYTES} bytes of JSON` }];
}
