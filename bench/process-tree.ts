// CPU of a process and everything it has started, from the proc file system (Linux).
import { readdirSync, readFileSync } from 'node:fs';
import { cpus } from 'node:os';

const TICKS_PER_SECOND = 100;

/** Seconds used so far, children that have ended included. */
export function cpuOfTree(root: number): number {
  const processes = readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((name) => {
      const stat = statOf(name);
      return stat ? [{ pid: Number(name), ...stat }] : [];
    });
  const children = Map.groupBy(processes, ({ parent }) => parent);
  let seconds = 0;
  const open = processes.filter(({ pid }) => pid === root);
  for (let next = open.pop(); next; next = open.pop()) {
    seconds += next.seconds;
    open.push(...(children.get(next.pid) ?? []));
  }
  return seconds;
}

/** Seconds that all processes of the machine have used so far. */
export function cpuOfMachine(): number {
  return cpus().reduce((sum, { times }) => sum + (times.user + times.nice + times.sys + times.irq) / 1000, 0);
}

function statOf(pid: string): { parent: number; seconds: number } | undefined {
  try {
    const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? [];
    const ticks = [11, 12, 13, 14].reduce((sum, at) => sum + Number(fields[at]), 0);
    return { parent: Number(fields[1]), seconds: ticks / TICKS_PER_SECOND };
  } catch {
    // It has ended meanwhile.
    return undefined;
  }
}
