// Where each kind is, in the REST API and among the pages.
import type { EgressKind } from '../../../src/protocol/egress.ts';
import { pathTo } from '../../paths.ts';

export const RESOURCES: Record<EgressKind, string> = {
  recording: '/v2/recordings',
  hls: '/v2/hls',
  livestream: '/v2/livestreams',
};

export const LISTS: Record<EgressKind, string> = {
  recording: pathTo('recordings'),
  hls: pathTo('hlsStreams'),
  livestream: pathTo('livestreams'),
};

export function pageOf({ kind, id }: { kind: EgressKind; id: string }): string {
  if (kind === 'recording') return pathTo('recording', { recordingId: id });
  return kind === 'hls' ? pathTo('hlsStream', { hlsId: id }) : pathTo('livestream', { livestreamId: id });
}
