// What the form of a start holds, the body of `POST /v2/{recordings,hls,livestreams}/start` that it means, and what is
// wrong with it.
import type { EgressKind, LivestreamOutput } from '../../../src/protocol/egress.ts';
import {
  type CompositionForm,
  compositionBody,
  EMPTY_COMPOSITION,
  checks as roomChecks,
} from '../new-room/room-wish.ts';

export interface StartForm {
  kind: EgressKind;
  roomId: string;
  look: CompositionForm;
  fileFormat: string;
  webhookUrl: string;
  outputs: LivestreamOutput[];
}

export const EMPTY_OUTPUT: LivestreamOutput = { url: '', streamKey: '' };

export function emptyStart(kind: EgressKind, roomId: string): StartForm {
  return { kind, roomId, look: EMPTY_COMPOSITION, fileFormat: 'mp4', webhookUrl: '', outputs: [EMPTY_OUTPUT] };
}

export function startBody({ kind, roomId, look, fileFormat, webhookUrl, outputs }: StartForm): Record<string, unknown> {
  return {
    roomId,
    ...compositionBody(kind === 'livestream' ? { ...look, mode: 'video-and-audio' } : look, kind),
    ...(kind === 'livestream' && { outputs }),
    ...(kind === 'recording' && { fileFormat }),
    ...(webhookUrl && { webhookUrl }),
  };
}

/** Each function returns what is wrong, or null. */
export const checks = {
  roomId: (roomId: string) => (roomId ? null : 'Choose a room that somebody is in.'),
  webhookUrl: roomChecks.endPoint,
  gridSize: roomChecks.gridSize,
  dirPath: roomChecks.dirPath,
  templateUrl: roomChecks.templateUrl,
  url: (text: string, { kind }: StartForm) => {
    if (kind !== 'livestream') return null;
    const url = URL.parse(text);
    return url && /^rtmps?:$/.test(url.protocol) && url.host
      ? null
      : 'An rtmp or rtmps address, such as rtmps://live.example.com/app.';
  },
};

const OF_THE_LOOK: Record<string, string> = { awsDirPath: 'look.dirPath', templateUrl: 'look.templateUrl' };

/** Where the server names a field of the body, the field of the form that it came from. */
export function formField(bodyField: string): string {
  const field = bodyField.replace(/^body\./, '');
  if (field.startsWith('config.'))
    return `look.${field.replace(/^config\.(layout\.)?/, '').replace(/^type$/, 'layout')}`;
  return OF_THE_LOOK[field] ?? field;
}
