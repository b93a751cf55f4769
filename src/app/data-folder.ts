// The folder of everything that this node keeps: for its own user alone.
import { accessSync, constants, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DataLock } from '../kit/data-lock.ts';
import { closeToOthers, makePrivateFolder } from '../kit/private-folder.ts';
import { StartError } from '../kit/start-error.ts';
import type { Logger } from '../log.ts';
import { isObjectId, newObjectId } from '../protocol/ids.ts';

/** Further down than the first level; what else is there lies behind a closed folder. */
const SECRETS = ['tls/key.pem', 'postgres/password'];

/** Makes the folder where it does not exist, keeps every other server and user out of it, and returns the id of its node. */
export function claimDataFolder(folder: string, log: Logger, stack: AsyncDisposableStack): string {
  makeDataFolder(folder);
  const lock = DataLock.acquire(folder);
  stack.defer(() => lock.release());
  closeDataFolder(folder, log);
  return keptNodeId(folder);
}

function makeDataFolder(folder: string): void {
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
function closeDataFolder(folder: string, log: Logger): void {
  const names = ['.', ...readdirSync(folder), ...SECRETS];
  try {
    const opened = names.filter((name) => closeToOthers(join(folder, name)));
    if (opened.length > 0) log.warn({ folder, opened }, 'the data folder was open to other users, and is closed now');
  } catch (error) {
    log.warn({ err: error, folder }, 'the data folder is open to other users, and cannot be closed');
  }
}

/** A node keeps its id, so that after a crash it finds the sessions and deliveries that were its own. */
function keptNodeId(dataDir: string): string {
  const file = join(dataDir, 'node-id');
  try {
    const kept = readFileSync(file, 'utf8').trim();
    if (isObjectId(kept)) return kept;
  } catch {
    // The first start in this folder.
  }
  const made = newObjectId();
  writeFileSync(file, `${made}\n`);
  return made;
}
