// Where an egress writes on the disk of its node.
import { join } from 'node:path';

/** Parts of a recording until they are one file. */
export function workFolder(dataFolder: string, egressId: string): string {
  return join(dataFolder, 'egress', 'work', egressId);
}

export function hlsFolder(dataFolder: string, name: string): string {
  return join(dataFolder, 'hls', name);
}
