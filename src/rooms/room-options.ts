// What a new room is asked for, checked beyond what a schema can say and brought into the form it is stored in.
import { asAppError, invalidInput } from '../errors.ts';
import { clip } from '../kit/text.ts';
import type { Problem } from '../kit/validate.ts';
import { eventFilterProblems, readEventFilter } from '../protocol/event-filters.ts';
import type { AutoCloseConfig, CreateRoomBody } from '../protocol/rest/rooms.ts';
import type { Room } from '../protocol/room.ts';
import { autoStartRequests } from './auto-start.ts';
import type { AutoStartRequest } from './ports.ts';

export interface OptionChecks {
  /** Throws, saying why, when an address may not be reached at all; what a name resolves to is checked at delivery. */
  checkUrl?: ((url: string) => unknown) | undefined;
  /** Throws what starting this by hand would be refused with. */
  checkAutoStart?: ((request: AutoStartRequest) => unknown) | undefined;
}

export type RoomOptions = Pick<
  Room,
  'webhook' | 'autoCloseConfig' | 'autoStartConfig' | 'multiComposition' | 'geoFence' | 'allowedParticipantIds'
>;

/** A configuration is read whenever its room is; one as large as a body may be would slow down every list. */
const MAX_CONFIG_BYTES = 64 * 1024;

/** Throws, naming every field, when something is not acceptable. */
export function readOptions(body: CreateRoomBody, checks: OptionChecks): RoomOptions {
  const webhook = readWebhook(body.webhook);
  const problems = [
    ...(webhook ? webhookProblems(webhook, checks) : []),
    ...autoStartRequests(body.autoStartConfig).flatMap((request) => autoStartProblems(request, checks)),
    ...(['webhook', 'autoCloseConfig', 'autoStartConfig', 'multiComposition'] as const).flatMap((field) =>
      sizeProblems(field, body[field]),
    ),
  ];
  if (problems.length > 0) throw invalidInput(problems);
  return {
    webhook,
    autoCloseConfig: readAutoClose(body.autoCloseConfig),
    autoStartConfig: body.autoStartConfig ?? null,
    multiComposition: body.multiComposition ?? null,
    geoFence: body.geoFence ?? null,
    allowedParticipantIds: body.allowedParticipantIds ?? null,
  };
}

/** One that says nothing is none: answers have such a one for rooms without, and are sent to create again. */
function readWebhook(webhook: CreateRoomBody['webhook']): Room['webhook'] {
  const { endPoint, events, ...others } = webhook ?? {};
  if (endPoint === undefined) {
    if (!events?.length && Object.keys(others).length === 0) return null;
    throw invalidInput([{ field: 'webhook.endPoint', got: 'nothing', allowed: 'must be an http or https URL' }]);
  }
  return { ...others, endPoint, ...(events && { events: events.map(readEventFilter) }) };
}

/** Words that the live service answers, or that its own two words lead to. */
const AUTO_CLOSE_WORDS: Record<string, AutoCloseConfig['type']> = {
  'session-end': 'session-ends',
  'session-ends-and-deactivate': 'session-end-and-deactivate',
};

function readAutoClose(config: AutoCloseConfig | undefined): AutoCloseConfig | null {
  if (!config) return null;
  const type = config.type && (AUTO_CLOSE_WORDS[config.type] ?? config.type);
  return { ...config, ...(type && { type }) };
}

function webhookProblems({ endPoint, events = [] }: NonNullable<Room['webhook']>, checks: OptionChecks): Problem[] {
  return [...urlProblems('webhook.endPoint', endPoint, checks), ...eventFilterProblems('webhook.events', events)];
}

function urlProblems(field: string, text: string, { checkUrl }: OptionChecks): Problem[] {
  const url = URL.parse(text);
  const problem = (allowed: string): Problem[] => [{ field, got: JSON.stringify(clip(text, 100)), allowed }];
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

/** What a start would be refused with when a session begins and nobody waits for an answer. */
function autoStartProblems(request: AutoStartRequest, { checkAutoStart }: OptionChecks): Problem[] {
  const field = `autoStartConfig.${request.kind}`;
  try {
    checkAutoStart?.(request);
    return [];
  } catch (error) {
    const known = asAppError(error);
    if (!known) throw error;
    if (!known.details) return [{ field, got: 'this', allowed: known.message }];
    return known.details.map((problem) => ({ ...problem, field: `${field}.${problem.field}` }));
  }
}

function sizeProblems(field: string, value: unknown): Problem[] {
  const size = value === undefined ? 0 : Buffer.byteLength(JSON.stringify(value));
  if (size <= MAX_CONFIG_BYTES) return [];
  return [{ field, got: `${size} bytes`, allowed: `must be at most ${MAX_CONFIG_BYTES} bytes of JSON` }];
}
