// The folder of everything that this node keeps: for its own user alone.
import { accessSync, constants, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { closeToOthers, makePrivateFolder } from '../kit/private-folder.ts';
import { StartError } from '../kit/start-error.ts';
import type { Logger } from '../log.ts';

/** Further down than the first level; what else is there lies behind a closed folder. */
const SECRETS = ['tls/key.pem', 'postgres/password'];

export function makeDataFolder(folder: string): void {
  try {
    makePrivateFolder(folder);
  } catch (error) {
    throw new StartError(`The data folder ${folder} could not be made: ${(error as Error).message}`);
  }
  try {
    accessSync(folder, constants.R_OK | constants.W_OK | constants.X_OK);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw new StartError(
      `The data folder ${folder} cannot be written to (${code}); choose another with ROOMFUL_DATA_DIR.`,
    );
  }
}

/** An earlier version, or an operator, may have left it open to others. */
export function closeDataFolder(folder: string, log: Logger): void {
  const names = ['.', ...readdirSync(folder), ...SECRETS];
  try {
    const opened = names.filter((name) => closeToOthers(join(folder, name)));
    if (opened.length > 0) log.warn({ folder, opened }, 'the data folder was open to other users, and is closed now');
  } catch (error) {
    log.warn({ err: error, folder }, 'the data folder is open to other users, and cannot be closed');
  }
}
