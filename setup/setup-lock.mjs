// Keeps two set-ups from writing to the same folder at once. The lock is a file naming its holder; a holder that no
// longer lives (killed, or the machine restarted) does not count. src/kit/data-lock.ts is the server's own lock:
// this file must run on older Node and without dependencies.
import { linkSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';

const POLL_MS = 200;

/**
 * Runs `work` while holding the lock. `onWait` is told once, with the holder's process id, if another has it.
 */
export async function withSetupLock(path, onWait, work) {
  let told = false;
  for (let holder = tryLock(path); holder !== undefined; holder = tryLock(path)) {
    if (!told) onWait(holder);
    told = true;
    await sleep(POLL_MS);
  }
  try {
    return await work();
  } finally {
    rmSync(path, { force: true });
  }
}

/** Takes the lock and returns undefined, or returns the process id of the living holder. */
function tryLock(path) {
  const mine = identity(process.pid);
  const draft = `${path}.${process.pid}`;
  writeFileSync(draft, mine);
  try {
    // link() fails when the name exists, and makes a lock appear complete: no reader sees half a line.
    linkSync(draft, path);
    return undefined;
  } catch (error) {
    if (error.code !== 'EEXIST') throw error;
  } finally {
    rmSync(draft, { force: true });
  }
  const theirs = readIfPresent(path);
  if (theirs === undefined) return tryLock(path);
  const pid = Number(theirs.split(' ')[0]);
  if (theirs === identity(pid)) return pid;
  putAside(path, theirs);
  return tryLock(path);
}

/** Removes a dead holder's lock, unless somebody else has done so and taken the lock in the meantime. */
function putAside(path, dead) {
  const aside = `${path}.${process.pid}.aside`;
  try {
    renameSync(path, aside);
    if (readFileSync(aside, 'utf8') !== dead) linkSync(aside, path);
  } catch (error) {
    if (error.code !== 'ENOENT' && error.code !== 'EEXIST') throw error;
  } finally {
    rmSync(aside, { force: true });
  }
}

/** Process id and start time: an id alone may have been given to another process since. */
function identity(pid) {
  const stat = readIfPresent(`/proc/${pid}/stat`);
  if (stat !== undefined) {
    // The second field is the program's name in parentheses, which may itself hold spaces.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    const [state, startTicks] = [fields[0], fields[19]];
    const boot = readIfPresent('/proc/sys/kernel/random/boot_id')?.trim();
    return state === 'Z' ? undefined : `${pid} ${startTicks} ${boot}`;
  }
  return process.platform !== 'linux' && isAlive(pid) ? `${pid}` : undefined;
}

function isAlive(pid) {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error.code === 'EPERM';
  }
}

function readIfPresent(path) {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if (error.code === 'ENOENT' || error.code === 'ESRCH') return undefined;
    throw error;
  }
}
