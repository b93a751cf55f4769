// From what a caller asked for to what will be done: every spelling of the reference resolved, every address checked,
// every default filled in. What is refused here has cost nothing yet.

import { type Static, type TObject, Type } from 'typebox';
import { destinationForbidden, invalidInput, refused } from '../errors.ts';
import { normalize } from '../kit/normalize.ts';
import { clip } from '../kit/text.ts';
import { findProblems, type Problem, withoutNulls } from '../kit/validate.ts';
import { findWarnings, type Warning } from '../kit/warnings.ts';
import type { CompositionConfig } from '../protocol/composition.ts';
import type { EgressKind, EgressPlan, LivestreamOutput, OnFailure } from '../protocol/egress.ts';
import { isOn } from '../protocol/rest/common.ts';
import { StartHlsFields } from '../protocol/rest/hls.ts';
import { StartLivestreamFields } from '../protocol/rest/livestreams.ts';
import { StartRecordingFields } from '../protocol/rest/recordings.ts';
import { folderProblem, namesIn } from './storage/names.ts';

/** What may be asked for, without the room. */
const WISHES: Record<EgressKind, TObject> = {
  recording: Type.Object(StartRecordingFields),
  hls: Type.Object(StartHlsFields),
  livestream: Type.Object(StartLivestreamFields),
};

type Wish = Partial<
  Static<ReturnType<typeof Type.Object<typeof StartRecordingFields>>> &
    Static<ReturnType<typeof Type.Object<typeof StartHlsFields>>> &
    Static<ReturnType<typeof Type.Object<typeof StartLivestreamFields>>>
>;

/** Throws, saying why, when a URL may not be reached; what its name resolves to is checked where it is connected to. */
export type CheckUrl = (url: string, options: { schemes: readonly string[] }) => URL;

const DEFAULT_GRID_SIZE = 25;
const MAX_WAIT_SECONDS = 150;
const INVALID_OUTPUTS = 4015;

/** The plan of what was asked for, or the error that tells what is wrong with it. `maxKeyBytes` is the storage's. */
export function planOf(kind: EgressKind, given: unknown, checkUrl: CheckUrl, maxKeyBytes?: number): EgressPlan {
  return planFrom(kind, checked(kind, given), checkUrl, maxKeyBytes);
}

function planFrom(kind: EgressKind, wish: Wish, checkUrl: CheckUrl, maxKeyBytes?: number): EgressPlan {
  return {
    kind,
    config: compositionOf(wish, checkUrl),
    webhookUrl: wish.webhookUrl === undefined ? null : reachable('webhookUrl', wish.webhookUrl, checkUrl),
    outputs: outputsOf(wish.outputs ?? [], checkUrl),
    fileFormat: wish.fileFormat ?? 'mp4',
    dirPath: dirPathOf(wish, maxKeyBytes),
    preSignedUrl: preSignedUrlOf(wish, checkUrl),
    onFailure: onFailureOf(wish.onFailure),
  };
}

/** What is done where nothing more is asked for. */
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
  return findWarnings(WISHES[kind], withoutNulls(given ?? {}));
}

/** Whether a file shall be kept beside the stream. */
export function wantsFile(given: unknown): boolean {
  const wish = withoutNulls(given) as Wish | undefined;
  return isOn(wish?.config?.recording?.enabled) || isOn(wish?.recording?.enabled);
}

function checked(kind: EgressKind, given: unknown): Wish {
  const wish = normalize(WISHES[kind], given ?? {}, { keepUnknown: true });
  const problems = findProblems(WISHES[kind], wish);
  if (problems.length === 0) return wish as Wish;
  if (problems.some(({ field }) => field.startsWith('outputs'))) throw invalidOutputs(problems);
  throw invalidInput(problems);
}

/** Theme, mode, quality and orientation may stand inside `config` or beside it; inside wins. */
function compositionOf(wish: Wish, checkUrl: CheckUrl): CompositionConfig {
  const { config = {} } = wish;
  const { layout = {} } = config;
  const quality = config.quality ?? wish.quality ?? 'med';
  return {
    layout: {
      type: layout.type ?? 'GRID',
      priority: layout.priority ?? 'SPEAKER',
      // The SDK's own way to say "as many as fit".
      gridSize: layout.gridSize || DEFAULT_GRID_SIZE,
    },
    theme: config.theme ?? wish.theme ?? 'DEFAULT',
    mode: config.mode ?? wish.mode ?? 'video-and-audio',
    quality: quality === 'ultra' ? 'high' : quality,
    orientation: config.orientation ?? wish.orientation ?? 'landscape',
    templateUrl: wish.templateUrl === undefined ? null : reachable('templateUrl', wish.templateUrl, checkUrl),
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
      throw invalidOutputs([{ field: `outputs.${index}.url`, got: 'this one', allowed: (error as Error).message }]);
    }
  });
}

/** With the number that the browser SDK has for outputs. */
function invalidOutputs(problems: readonly Problem[]) {
  const message = problems.map(({ field, got, allowed }) => `${field}: ${allowed}, but got ${got}.`).join(' ');
  return refused(INVALID_OUTPUTS, 'INVALID_LIVESTREAM_OUTPUTS', message);
}

function preSignedUrlOf(wish: Wish, checkUrl: CheckUrl): string | null {
  const given = spelled(wish, ['preSignedUrl', 'preSignedURL', 'presignedUrl']);
  return given ? reachable(given.field, given.value, checkUrl) : null;
}

/** Of the spellings of one field, the one that was used. */
function spelled(wish: Wish, names: readonly (keyof Wish)[]): { field: string; value: string } | undefined {
  const field = names.find((name) => wish[name] !== undefined);
  return field && { field, value: wish[field] as string };
}

/** A folder below the storage's root, whatever slashes came with it. Every spelling is checked, though one is used. */
function dirPathOf(wish: Wish, maxKeyBytes: number | undefined): string {
  const fields = ['awsDirPath', 'bucketDirPath', 'dirPath'] as const;
  const problems = fields.flatMap((field): Problem[] => {
    const path = wish[field] ?? '';
    const allowed = folderProblem(path, maxKeyBytes);
    return allowed === undefined ? [] : [{ field, got: JSON.stringify(clip(path, 60)), allowed }];
  });
  if (problems.length > 0) throw invalidInput(problems);
  return namesIn(fields.map((field) => wish[field]).find((path) => path !== undefined) ?? '').join('/');
}

function onFailureOf(wish: Wish['onFailure']): OnFailure | null {
  if (!wish) return null;
  return { action: 'close-room', waitTime: Math.min(wish.waitTime ?? MAX_WAIT_SECONDS, MAX_WAIT_SECONDS) };
}
