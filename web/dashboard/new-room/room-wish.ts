// What the form holds, the body of `POST /v2/rooms` that it means, and what is wrong with it.
import type { EgressKind } from '../../../src/protocol/egress.ts';
import { isEventFilter, readEventFilter } from '../../../src/protocol/event-filters.ts';

export interface CompositionForm {
  on: boolean;
  templateUrl: string;
  layout: string;
  priority: string;
  gridSize: number | '';
  theme: string;
  mode: string;
  quality: string;
  orientation: string;
  /** Folder in the storage; recordings only. */
  dirPath: string;
  /** Keeps a file of a stream too. */
  recordToo: boolean;
}

export interface RoomForm {
  customRoomId: string;
  webhook: { endPoint: string; events: string[] };
  autoClose: { on: boolean; type: string; minutes: number | '' };
  recording: CompositionForm;
  hls: CompositionForm;
  multiComposition: { recording: boolean; hls: boolean; rtmp: boolean };
  geoFence: string;
  allowedParticipantIds: string[];
}

export const EMPTY_COMPOSITION: CompositionForm = {
  on: false,
  templateUrl: '',
  layout: 'GRID',
  priority: 'SPEAKER',
  gridSize: 4,
  theme: 'DEFAULT',
  mode: 'video-and-audio',
  quality: 'med',
  orientation: 'landscape',
  dirPath: '',
  recordToo: false,
};

export const EMPTY_FORM: RoomForm = {
  customRoomId: '',
  webhook: { endPoint: '', events: [] },
  autoClose: { on: false, type: 'session-ends', minutes: 480 },
  recording: EMPTY_COMPOSITION,
  hls: EMPTY_COMPOSITION,
  multiComposition: { recording: false, hls: false, rtmp: false },
  geoFence: '',
  allowedParticipantIds: [],
};

type Body = Record<string, unknown>;

/** Only what was chosen: an empty form is `{}`, as quickstarts send it. */
export function toBody(form: RoomForm): Body {
  const { webhook, autoClose, recording, hls, multiComposition } = form;
  const autoStart = {
    ...(recording.on && { recording: compositionBody(recording, 'recording') }),
    ...(hls.on && { hls: compositionBody(hls, 'hls') }),
  };
  const multi = Object.fromEntries(Object.entries(multiComposition).filter(([, on]) => on));
  const events = { ...(webhook.events.length > 0 && { events: webhook.events }) };
  return {
    ...(form.customRoomId && { customRoomId: form.customRoomId }),
    ...(webhook.endPoint && { webhook: { endPoint: webhook.endPoint, ...events } }),
    ...(autoClose.on && { autoCloseConfig: { type: autoClose.type, duration: Number(autoClose.minutes) } }),
    ...(Object.keys(autoStart).length > 0 && { autoStartConfig: autoStart }),
    ...(Object.keys(multi).length > 0 && { multiComposition: multi }),
    ...(form.geoFence && { geoFence: form.geoFence }),
    ...(form.allowedParticipantIds.length > 0 && { allowedParticipantIds: form.allowedParticipantIds }),
  };
}

/** What a start asks for, without the room. */
export function compositionBody(form: CompositionForm, kind: EgressKind): Body {
  const { layout, priority, gridSize, theme, mode, quality, orientation } = form;
  const isAudio = mode === 'audio';
  return {
    ...(form.templateUrl && !isAudio && { templateUrl: form.templateUrl }),
    config: {
      ...(!isAudio && { layout: { type: layout, priority, gridSize: Number(gridSize) }, theme }),
      mode,
      quality,
      ...(!isAudio && { orientation }),
      ...(kind !== 'recording' && form.recordToo && { recording: { enabled: true } }),
    },
    ...(kind === 'recording' && form.dirPath && { awsDirPath: form.dirPath }),
  };
}

/** Where the server names a field of the body, the field of the form that it came from. */
export function formField(bodyField: string): string {
  const field = bodyField.replace(/^body\./, '');
  if (field.startsWith('webhook.events')) return 'webhook.events';
  if (field.startsWith('allowedParticipantIds')) return 'allowedParticipantIds';
  if (field === 'autoCloseConfig.duration') return 'autoClose.minutes';
  const [, kind, rest = ''] = /^autoStartConfig\.(recording|hls)\.(.*)$/.exec(field) ?? [];
  if (!kind) return field;
  const names: Record<string, string> = { 'config.layout.gridSize': 'gridSize', awsDirPath: 'dirPath' };
  return `${kind}.${names[rest] ?? rest.replace(/^config\./, '')}`;
}

/** Each function returns what is wrong, or null. */
export const checks = {
  customRoomId: (text: string) => {
    if (text.length > 256) return 'At most 256 characters.';
    if (text.includes('#')) return 'No #: it ends an address, and clients could not join.';
    // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is refused
    return /[\u0000-\u001f\u007f]/.test(text) ? 'No control characters.' : null;
  },
  endPoint: (text: string) => webAddress(text, 512),
  events: (events: string[]) => {
    const odd = events.find((event) => !isEventFilter(readEventFilter(event)));
    return odd === undefined ? null : `“${odd}” matches no event; use * for a pattern, such as recording-*.`;
  },
  minutes: (minutes: number | '', form: RoomForm) =>
    !form.autoClose.on || (minutes !== '' && minutes >= 0.01 && minutes <= 525_600)
      ? null
      : 'From 0.01 to 525,600 minutes (a year).',
  templateUrl: (text: string) => webAddress(text, 2048),
  gridSize: (size: number | '') =>
    size !== '' && Number.isInteger(size) && size >= 0 && size <= 25 ? null : 'A whole number from 0 to 25.',
  dirPath: (text: string) => (text.length > 1024 ? 'At most 1,024 characters.' : null),
  geoFence: (text: string) => (text.length > 64 ? 'At most 64 characters.' : null),
  allowedParticipantIds: (ids: string[]) => {
    const odd = ids.find((id) => id.length > 128 || /\s/.test(id));
    return odd === undefined ? null : `“${odd.slice(0, 40).toWellFormed()}”: at most 128 characters, without spaces.`;
  },
};

export function webAddress(text: string, maxLength: number): string | null {
  if (!text) return null;
  if (text.length > maxLength) return `At most ${maxLength} characters.`;
  const url = URL.parse(text);
  if (!url || !/^https?:$/.test(url.protocol)) return 'An http or https address, such as https://example.com/hook.';
  return url.username || url.password ? 'Without a user name or password.' : null;
}
