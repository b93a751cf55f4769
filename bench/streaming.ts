// How soon a stream can be played, and how far behind the meeting: a camera that films a clock, the official SDK, the
// program, and hls.js in another tab.
import { Stage } from '../test/harness/stage.ts';
import { median, quantile, type Row } from './table.ts';

const ROUNDS = 3;
const SETTLE_PICTURES = 200;
const PICTURES = 200;

export async function benchStreaming(): Promise<Row[]> {
  await using stage = await Stage.set({ database: 'embedded' });
  const playable: number[] = [];
  const first: number[] = [];
  const latencies: number[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    const room = await stage.room();
    await using _ann = await stage.enter(room, 'ann', { clock: true });
    const startedAt = Date.now();
    await stage.backend.hls.start(room);
    const ofRoom = ({ data }: { data: { meetingId?: string } }) => data.meetingId === room;
    const { data } = await stage.receiver.waitFor('hls-playable', ofRoom, { timeoutMs: 30_000 });
    playable.push(Date.now() - startedAt);
    await using viewer = await stage.watch();
    first.push(await viewer.ask('play', String(data.livestreamUrl)));
    await viewer.ask('latencies', SETTLE_PICTURES);
    latencies.push(...(await viewer.ask('latencies', PICTURES)));
    await stage.backend.hls.stop(room);
    await stage.receiver.waitFor('hls-stopped', ofRoom, { timeoutMs: 30_000 });
  }
  const ms = (value: number) => `${Math.round(value)} ms`;
  return [
    { what: 'start to `hls-playable`', value: ms(median(playable)), target: '≤ 3 s' },
    { what: 'player to its first picture', value: ms(median(first)), target: '' },
    { what: 'camera to the picture in hls.js, p50', value: ms(median(latencies)), target: '≤ 3 s' },
    { what: 'the same, p95', value: ms(quantile(latencies, 0.95)), target: '' },
  ];
}
