// Where recordings and HLS streams are fetched from.

import type { Egress } from './egress.ts';
import { PLAYLISTS } from './hls/files.ts';

/** Path of the addresses that files are fetched from. */
export const FILES_PATH = '/recordings-files';
export const HLS_PATH = '/meetings-hls';

export function fileUrl(egress: Pick<Egress, 'file' | 'baseUrl'>): string | null {
  const { file, baseUrl } = egress;
  return file && `${baseUrl}${FILES_PATH}/${file.token}.${file.format}`;
}

export function hlsUrls(egress: Pick<Egress, 'folder' | 'baseUrl'>) {
  const base = `${egress.baseUrl}${HLS_PATH}/${egress.folder}`;
  const playbackHlsUrl = `${base}/${PLAYLISTS.rewind}`;
  return { playbackHlsUrl, livestreamUrl: `${base}/${PLAYLISTS.live}`, downstreamUrl: playbackHlsUrl };
}
