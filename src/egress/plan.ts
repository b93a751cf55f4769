// From what a caller asked for to what will be done: every spelling of the reference resolved, every address checked,
// every default filled in. What is refused here has cost nothing yet.

import { type Static, type TObject, Type } from 'typebox';
import { destinationForbidden, invalidInput, refused } from '../errors.ts';
import { normalize } from '../kit/normalize.ts';
import { clip } from '../kit/text.ts';
import { findProblems, type Problem, problemSentence, withoutNulls } from '../kit/validate.ts';
import { findWarnings, type Warning } from '../kit/warnings.ts';
import type { CompositionConfig } from '../protocol/composition.ts';
import type { EgressKind, EgressPlan, LivestreamOutput, OnFailure } from '../protocol/egress.ts';
import { isOn } from '../protocol/rest/common.ts';
import { StartHlsFields } from '../protocol/rest/hls.ts';
import { StartLivestreamFields } from '../protocol/rest/livestreams.ts';
import { StartRecordingFields } from '../protocol/rest/recordings.ts';
import type { EgressNeeds } from './ports.ts';
import { folderProblem, namesIn } from './storage/names.ts';

/** What may be asked for, without the room. */
const REQUESTS: Record<EgressKind, TObject> = {
  recording: Type.Object(StartRecordingFields),
  hls: Type.Object(StartHlsFields),
  livestream: Type.Object(StartLivestreamFields),
};

type Request = Partial<
  Static<ReturnType<typeof Type.Object<typeof StartRecordingFields>>> &
    Static<ReturnType<typeof Type.Object<typeof StartHlsFields>>> &
    Static<ReturnType<typeof Type.Object<typeof StartLivestreamFields>>>
>;

/** Throws, saying why, when a URL may not be reached; what its name resolves to is checked where it is connected to. */
export type CheckUrl = (url: string, options: { schemes: readonly string[] }) => URL;

const DEFAULT_GRID_SIZE = 25;
const MAX_WAIT_SECONDS = 150;
const INVALID_OUTPUTS = 4015;

/** The plan of what was asked for, or the error that says what is wrong with it. `maxKeyBytes` is the storage's. */
export function planOf(kind: EgressKind, given: unknown, checkUrl: CheckUrl, maxKeyBytes?: number): EgressPlan {
  return planFrom(kind, checked(kind, given), checkUrl, maxKeyBytes);
}

function planFrom(kind: EgressKind, request: Request, checkUrl: CheckUrl, maxKeyBytes?: number): EgressPlan {
  return {
    kind,
    config: compositionOf(request, checkUrl),
    webhookUrl: request.webhookUrl === undefined ? null : reachable('webhookUrl', request.webhookUrl, checkUrl),
    outputs: outputsOf(request.outputs ?? [], checkUrl),
    fileFormat: request.fileFormat ?? 'mp4',
    dirPath: dirPathOf(request, maxKeyBytes),
    preSignedUrl: preSignedUrlOf(request, checkUrl),
    onFailure: onFailureOf(request.onFailure),
  };
}

/** What a request without any field becomes. */
export function defaultPlan(kind: EgressKind): EgressPlan {
  return planFrom(kind, {}, (url) => new URL(url));
}

/** Of what cannot be planned: who gets its event and what its failure does, as far as that can be read. */
export function failedPlan(kind: EgressKind, given: unknown, checkUrl: CheckUrl): EgressPlan {
  const { webhookUrl, onFailure } = (given ?? {}) as Record<string, unknown>;
  try {
    return planOf(kind, { webhookUrl, onFailure }, checkUrl);
  } catch {
    return defaultPlan(kind);
  }
}

/** What of an accepted request does nothing. */
export function withoutEffect(kind: EgressKind, given: unknown): Warning[] {
  return findWarnings(REQUESTS[kind], withoutNulls(given ?? {}));
}

/** Whether a file shall be kept beside the stream. */
export function wantsFile(given: unknown): boolean {
  const request = withoutNulls(given) as Request | undefined;
  return isOn(request?.config?.recording?.enabled) || isOn(request?.recording?.enabled);
}

function checked(kind: EgressKind, given: unknown): Request {
  const request = normalize(REQUESTS[kind], given ?? {}, { keepUnknown: true });
  const problems = findProblems(REQUESTS[kind], request);
  if (problems.length === 0) return request as Request;
  if (problems.some(({ field }) => field.startsWith('outputs'))) throw invalidOutputs(problems);
  throw invalidInput(problems);
}

/** Theme, mode, quality and orientation may stand inside `config` or beside it; inside wins. */
function compositionOf(request: Request, checkUrl: CheckUrl): CompositionConfig {
  const { config = {} } = request;
  const { layout = {} } = config;
  const quality = config.quality ?? request.quality ?? 'med';
  return {
    layout: {
      type: layout.type ?? 'GRID',
      priority: layout.priority ?? 'SPEAKER',
      // The SDK's own way to say "as many as fit".
      gridSize: layout.gridSize || DEFAULT_GRID_SIZE,
    },
    theme: config.theme ?? request.theme ?? 'DEFAULT',
    mode: config.mode ?? request.mode ?? 'video-and-audio',
    quality: quality === 'ultra' ? 'high' : quality,
    orientation: config.orientation ?? request.orientation ?? 'landscape',
    templateUrl: request.templateUrl === undefined ? null : reachable('templateUrl', request.templateUrl, checkUrl),
  };
}

function reachable(field: string, url: string, checkUrl: CheckUrl): string {
  try {
    checkUrl(url, { schemes: ['https', 'http'] });
    return url;
  } catch (error) {
    const { message } = error as Error;
    throw destinationForbidden(`${field}: ${message}.`, [{ field, got: 'this one', allowed: message }]);
  }
}

function outputsOf(outputs: readonly LivestreamOutput[], checkUrl: CheckUrl): LivestreamOutput[] {
  return outputs.map(({ url, streamKey }, index) => {
    try {
      checkUrl(url, { schemes: ['rtmps', 'rtmp'] });
      return { url, streamKey };
    } catch (error) {
      const message = `outputs.${index}.url: ${(error as Error).message}.`;
      throw refused(INVALID_OUTPUTS, 'INVALID_LIVESTREAM_OUTPUTS', message);
    }
  });
}

/** With the number that the browser SDK has for outputs. */
function invalidOutputs(problems: readonly Problem[]) {
  const message = problems.map(problemSentence).join(' ');
  return refused(INVALID_OUTPUTS, 'INVALID_LIVESTREAM_OUTPUTS', message);
}

function preSignedUrlOf(request: Request, checkUrl: CheckUrl): string | null {
  const given = spelled(request, ['preSignedUrl', 'preSignedURL', 'presignedUrl']);
  return given ? reachable(given.field, given.value, checkUrl) : null;
}

/** Of the spellings of one field, the one that was used. */
function spelled(request: Request, names: readonly (keyof Request)[]): { field: string; value: string } | undefined {
  const field = names.find((name) => request[name] !== undefined);
  return field && { field, value: request[field] as string };
}

/** A folder below the storage's root, whatever slashes came with it. Every spelling is checked, though one is used. */
function dirPathOf(request: Request, maxKeyBytes: number | undefined): string {
  const fields = ['awsDirPath', 'bucketDirPath', 'dirPath'] as const;
  const problems = fields.flatMap((field): Problem[] => {
    const path = request[field] ?? '';
    const allowed = folderProblem(path, maxKeyBytes);
    return allowed === undefined ? [] : [{ field, got: JSON.stringify(clip(path, 60)), allowed }];
  });
  if (problems.length > 0) throw invalidInput(problems);
  return namesIn(fields.map((field) => request[field]).find((path) => path !== undefined) ?? '').join('/');
}

function onFailureOf(request: Request['onFailure']): OnFailure | null {
  if (!request) return null;
  return { action: 'close-room', waitTime: Math.min(request.waitTime ?? MAX_WAIT_SECONDS, MAX_WAIT_SECONDS) };
}

/** In slots, measured: 720p is one, its encoder being nearly all of the cost, and pixels are what an encoder costs by. */
const COST = { low: 0.5, med: 1, high: 2 } as const;
const SOUND_ALONE = 0.25;
/** A browser draws the page and hands over each picture; that costs by pixels too. */
const CAPTURED = { low: 1, med: 1.5, high: 3 } as const;

/** What a composition costs its node, in slots. */
export function costOf({ mode, quality, templateUrl }: CompositionConfig): number {
  const composed = mode === 'audio' ? SOUND_ALONE : COST[quality];
  return templateUrl === null ? composed : composed + CAPTURED[quality];
}

/** What a node must have to run it. */
export function needsOf(config: CompositionConfig): EgressNeeds {
  return { slots: costOf(config), browser: config.templateUrl !== null };
}
