// Tells processes apart across time: a process id alone may belong to another process after a crash, and in a
// restarted container it often does.
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { childEnvironment } from './child-process.ts';

/** The process id, and where the system tells it, the moment the process started: `4711 883400 <boot id>`. */
export function processIdentity(pid: number): string {
  return `${pid} ${startOf(pid) ?? ''}`.trimEnd();
}

/** Whether the process that `identity` was made from still runs. In doubt it does. */
export function isRunning(identity: string): boolean {
  const pid = pidOf(identity);
  if (!isAlive(pid)) return false;
  const start = startOf(pid);
  return start === undefined ? !isZombie(pid) : identity === `${pid} ${start}`;
}

export function pidOf(identity: string): number {
  return Number.parseInt(identity, 10);
}

/** Whether the id is taken at all. A process that has ended but was never waited for still takes it. */
export function isAlive(pid: number): boolean {
  if (!Number.isInteger(pid) || pid <= 0) return false;
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

function startOf(pid: number): string | undefined {
  if (process.platform === 'linux') {
    const stat = readLinuxStat(pid);
    if (stat === undefined || stat.state === 'Z') return undefined;
    return `${stat.startTicks} ${readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()}`;
  }
  if (process.platform === 'win32') return undefined;
  try {
    return execFileSync('ps', ['-o', 'lstart=', '-p', String(pid)], {
      encoding: 'utf8',
      env: childEnvironment(),
    }).trim();
  } catch {
    return undefined;
  }
}

function isZombie(pid: number): boolean {
  return process.platform === 'linux' && readLinuxStat(pid)?.state === 'Z';
}

function readLinuxStat(pid: number): { state: string; startTicks: string } | undefined {
  let stat: string;
  try {
    stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  } catch {
    return undefined;
  }
  // proc(5): the second field is the program's name in parentheses, which may itself hold spaces. The state is
  // field 3, the start time field 22.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return { state: fields[0] ?? '', startTicks: fields[19] ?? '' };
}
