// How much memory a process and everything it has started use, on Linux.
import { readdirSync, readFileSync } from 'node:fs';

/** Bytes that belong to the tree alone; 0 where the system does not tell. */
export function memoryOfTree(root: number): number {
  const processes = readProcesses();
  const children = Map.groupBy(processes, ({ parent }) => parent);
  let bytes = 0;
  const open = processes.filter(({ pid }) => pid === root);
  for (let next = open.pop(); next; next = open.pop()) {
    bytes += next.bytes;
    open.push(...(children.get(next.pid) ?? []));
  }
  return bytes;
}

function readProcesses(): { pid: number; parent: number; bytes: number }[] {
  return names().flatMap((name) => {
    const status = readStatus(name);
    const parent = /^PPid:\s*(\d+)/m.exec(status)?.[1];
    if (parent === undefined) return [];
    const kilobytes = Number(/^RssAnon:\s*(\d+)/m.exec(status)?.[1] ?? 0);
    return [{ pid: Number(name), parent: Number(parent), bytes: kilobytes * 1024 }];
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
