// What an egress asks a composition to produce, and the folders it is produced in.
import { join } from 'node:path';
import type { Egress } from '../protocol/egress.ts';
import type { OutputSpec } from './composition.ts';

export function outputsOf(egress: Egress, dataFolder: string): OutputSpec[] {
  const { id } = egress;
  switch (egress.kind) {
    case 'recording':
      return [{ id, kind: 'file', format: egress.fileFormat, folder: workFolder(dataFolder, id) }];
    case 'hls':
      return [{ id, kind: 'hls', folder: hlsFolder(dataFolder, egress.folder ?? id) }];
    case 'livestream':
      return egress.outputs.map(({ url, streamKey }, index) => ({
        id: `${id}-${index + 1}`,
        kind: 'rtmp',
        url: streamKey ? `${url.replace(/\/+$/, '')}/${streamKey}` : url,
      }));
  }
}

/** Parts of a recording until they are one file. */
export function workFolder(dataFolder: string, egressId: string): string {
  return join(dataFolder, 'egress', 'work', egressId);
}

export function hlsFolder(dataFolder: string, name: string): string {
  return join(dataFolder, 'hls', name);
}
