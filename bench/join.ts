// From `join()` of the official browser SDK to the first decoded frame of somebody who is there already.
import { Stage } from '../test/harness/stage.ts';
import { quantile, type Row } from './table.ts';

const JOINS = 12;

export async function benchJoin(): Promise<Row[]> {
  await using stage = await Stage.set({ database: 'embedded' });
  const room = await stage.room();
  const host = await stage.enter(room, 'host');
  const times: number[] = [];
  for (let i = 0; i < JOINS; i++) {
    await using guest = await stage.enter(room, `guest-${i}`, { camera: false, mic: false });
    times.push(await guest.joinToFirstFrameMs('host'));
    await guest.leave();
  }
  await host.leave();
  return [
    { what: 'join() to first remote frame, p50', value: `${Math.round(quantile(times, 0.5))} ms`, target: '< 600 ms' },
    { what: 'the same, p95', value: `${Math.round(quantile(times, 0.95))} ms`, target: '' },
  ];
}
