// A compositor that is stopped before its first picture: what it has written by then is a file, but nothing to keep.
import { writeFile } from 'node:fs/promises';
import type { FromChild, SinkSpec, ToChild } from '../../../src/egress/ipc.ts';

const say = (message: FromChild) => void (process.connected && process.send?.(message));
const sinks: SinkSpec[] = [];

async function finish({ id, ...spec }: SinkSpec & { path?: string }): Promise<void> {
  if (spec.path === undefined) return say({ type: 'sink-finished', sinkId: id });
  await writeFile(spec.path, 'a head without pictures');
  say({
    type: 'sink-finished',
    sinkId: id,
    file: { size: 23, duration: 0.1, width: 160, height: 90, path: spec.path },
  });
}

process.on('message', async (message: ToChild) => {
  if (message.type === 'start') {
    sinks.push(...message.sinks);
    say({ type: 'ready', port: 9 });
  }
  if (message.type === 'add-sink') sinks.push(message.sink);
  if (message.type !== 'stop') return;
  for (const sink of sinks) await finish(sink);
  process.disconnect();
});
