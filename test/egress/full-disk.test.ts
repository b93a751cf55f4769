// The disk is full: what is written to it fails with words that say so, and nothing else does.
import { expect, it } from 'vitest';
import { joinParts } from '../../src/egress/joiner.ts';
import { TestChild } from '../harness/egress-child.ts';
import { EgressStage } from '../harness/egress-stage.ts';
import { canMount, smallDisk } from '../harness/small-disk.ts';

it('an output on a full disk fails alone, as the fault of the disk', async () => {
  await using child = await TestChild.start((folder) => [
    // Every write to it is answered as a full disk answers.
    { id: 'full', kind: 'file', format: 'mp4', path: '/dev/full' },
    { id: 'good', kind: 'hls', folder: `${folder}/hls` },
  ]);
  const failed = await child.hears('sink-failed');
  expect(failed).toMatchObject({
    sinkId: 'full',
    blame: 'destination',
    reason: expect.stringMatching(/no space left/),
  });
  await child.hears('sink-playable', ({ sinkId }) => sinkId === 'good');
  await child.stop();
});

it.runIf(canMount())(
  'a server with a full disk fails recordings, goes on, and records again when there is room',
  async () => {
    using disk = smallDisk();
    await using stage = await EgressStage.set({}, { compositor: 'real', dataDir: disk.path });
    const record = async () => {
      const roomId = await stage.room();
      await stage.join(roomId);
      const { status } = await stage.app.post('/v2/recordings/start', { roomId, config: { quality: 'low' } });
      return { roomId, status };
    };
    disk.fill();
    const { roomId, status } = await record();
    expect(status).toBe(503);
    await stage.event(roomId, 'recording-failed');
    // biome-ignore lint/suspicious/noExplicitAny: answers are looked into
    const [recording] = ((await stage.app.get(`/v2/recordings?roomId=${roomId}`)).body as any).data;
    expect(recording).toMatchObject({ status: 'failed', reason: expect.stringMatching(/no space left|ENOSPC/i) });
    const autoStarted = await stage.room({ autoStartConfig: { recording: {} } });
    await stage.join(autoStarted);
    await stage.event(autoStarted, 'recording-failed');
    expect((await fetch(`${stage.app.app.httpUrl}/readyz`)).status).toBe(200);

    disk.makeRoom();
    const second = await record();
    expect(second.status).toBe(200);
    await stage.event(second.roomId, 'recording-started');
    await stage.app.post('/v2/recordings/end', { roomId: second.roomId });
    await stage.event(second.roomId, 'recording-stopped');
  },
);

it.runIf(canMount())('what runs when the disk fills up waits for room, and loses nothing', async () => {
  using disk = smallDisk();
  await using child = await TestChild.start(() => [
    { id: 'file', kind: 'file', format: 'mp4', path: `${disk.path}/a.mp4` },
    { id: 'hls', kind: 'hls', folder: `${disk.path}/hls` },
  ]);
  await child.hears('sink-started', ({ sinkId }) => sinkId === 'file');
  await child.hears('sink-playable');
  disk.fill();
  await child.hears('log', ({ msg }) => msg === 'disk is full, waiting for room');
  disk.makeRoom();
  await child.stop();
  const { file } = await child.hears('sink-finished', ({ sinkId }) => sinkId === 'file');
  await child.hears('sink-finished', ({ sinkId }) => sinkId === 'hls');
  const facts = await joinParts(`${disk.path}/whole.mp4`, [`${disk.path}/a.mp4`]);
  expect(Math.abs(facts.duration - (file?.duration ?? 0))).toBeLessThan(0.2);
  expect(child.said.filter(({ type }) => type === 'sink-failed')).toEqual([]);
});
