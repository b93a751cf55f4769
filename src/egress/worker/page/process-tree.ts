// What a process and everything it has started use, on Linux.
import { readdirSync, readFileSync } from 'node:fs';

export interface TreeUsage {
  /** Memory that belongs to the tree alone. */
  memoryBytes: number;
  threads: number;
}

interface Process extends TreeUsage {
  pid: number;
  parent: number;
}

/** Zeros where the system says nothing. */
export function usageOfTree(root: number): TreeUsage {
  const processes = readProcesses();
  const children = Map.groupBy(processes, ({ parent }) => parent);
  const usage = { memoryBytes: 0, threads: 0 };
  const open = processes.filter(({ pid }) => pid === root);
  for (let next = open.pop(); next; next = open.pop()) {
    usage.memoryBytes += next.memoryBytes;
    usage.threads += next.threads;
    open.push(...(children.get(next.pid) ?? []));
  }
  return usage;
}

function readProcesses(): Process[] {
  return names().flatMap((name) => {
    const status = readStatus(name);
    const field = (key: string) => Number(new RegExp(`^${key}:\\s*(\\d+)`, 'm').exec(status)?.[1] ?? Number.NaN);
    const parent = field('PPid');
    if (Number.isNaN(parent)) return [];
    const memoryBytes = ((field('RssAnon') || 0) + (field('RssShmem') || 0)) * 1024;
    return [{ pid: Number(name), parent, memoryBytes, threads: field('Threads') || 0 }];
  });
}

function names(): string[] {
  try {
    return readdirSync('/proc').filter((name) => /^\d+$/.test(name));
  } catch {
    return [];
  }
}

function readStatus(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/status`, 'utf8');
  } catch {
    return '';
  }
}
