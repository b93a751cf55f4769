import type { StreamKind } from '../protocol/signaling.ts';
import type { Publication } from './media-plane.ts';

/** The stream a producer carries, read from what the client marked it with. */
export function streamKind(publication: Publication): StreamKind {
  const { kind, appData } = publication.producer;
  if (appData.share !== true) return kind;
  return kind === 'audio' ? 'shareAudio' : 'share';
}
