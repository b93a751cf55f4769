// What an egress asks a composition to produce.
import { mkdir } from 'node:fs/promises';
import { PRIVATE } from '../../kit/private-folder.ts';
import type { Egress } from '../../protocol/egress.ts';
import { hlsFolder, workFolder } from '../storage/paths.ts';
import type { OutputSpec } from './composition-output.ts';

export function outputSpecsOf(egress: Egress, dataFolder: string): OutputSpec[] {
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

/** Makes the folders that outputs write into. */
export async function createFolders(specs: readonly OutputSpec[]): Promise<void> {
  const folders = specs.flatMap((spec) => ('folder' in spec ? [spec.folder] : []));
  try {
    for (const folder of folders) await mkdir(folder, { recursive: true, mode: PRIVATE });
  } catch (error) {
    throw new Error(`there is no folder to write to: ${(error as Error).message}`, { cause: error });
  }
}
