// What a server costs that nobody uses: memory and CPU of its Node process, and of its media workers and database.
import { readFileSync } from 'node:fs';
import { TestServer } from '../test/harness/server.ts';
import type { Row } from './table.ts';

const SETTLE_MS = 10_000;
const WATCH_MS = 20_000;
const TICKS_PER_SECOND = 100;

/** CPU seconds and resident bytes of a process, from the proc file system (Linux). */
function usage(pid: number): { cpuSeconds: number; residentMiB: number } {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? [];
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  return {
    cpuSeconds: (Number(stat[11]) + Number(stat[12])) / TICKS_PER_SECOND,
    residentMiB: Number(/VmRSS:\s+(\d+)/.exec(status)?.[1]) / 1024,
  };
}

const passed = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

export async function benchIdle(): Promise<Row[]> {
  await using server = await TestServer.start();
  await passed(SETTLE_MS);
  const before = usage(server.pid);
  await passed(WATCH_MS);
  const after = usage(server.pid);
  const share = ((after.cpuSeconds - before.cpuSeconds) * 1000) / WATCH_MS;
  return [
    { what: 'memory of the server process', value: `${Math.round(after.residentMiB)} MB`, target: '< 200 MB' },
    { what: 'its CPU', value: `${(share * 100).toFixed(2)} % of a core`, target: '≤ 0.5 %' },
  ];
}
