// The disk is full: what is written to it fails with words that say so, and nothing else does.
import { expect, it } from 'vitest';
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
    const { roomId } = await record();
    await stage.event(roomId, 'recording-failed');
    // biome-ignore lint/suspicious/noExplicitAny: answers are looked into
    const [recording] = ((await stage.app.get(`/v2/recordings?roomId=${roomId}`)).body as any).data;
    expect(recording).toMatchObject({ status: 'failed', reason: expect.stringMatching(/no space left|ENOSPC/i) });
    expect((await fetch(`${stage.app.app.httpUrl}/readyz`)).status).toBe(200);

    disk.makeRoom();
    const second = await record();
    expect(second.status).toBe(200);
    await stage.event(second.roomId, 'recording-started');
    await stage.app.post('/v2/recordings/end', { roomId: second.roomId });
    await stage.event(second.roomId, 'recording-stopped');
  },
);
