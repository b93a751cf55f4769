// RTMP servers that do harm, beside a stream of the same composition that has to go on.
import { existsSync } from 'node:fs';
import { expect, it } from 'vitest';
import { TestChild } from '../harness/egress-child.ts';
import { flood, OddRtmpServer, takeStream } from '../harness/odd-rtmp-server.ts';

const FLOOD = Buffer.alloc(64_000, 0x41);

it('servers that say nothing, read nothing or send without end disturb no other output', async () => {
  await using silent = await OddRtmpServer.start((socket) => socket.resume());
  await using deaf = await OddRtmpServer.start((socket) => takeStream(socket, () => socket.pause()));
  await using flooding = await OddRtmpServer.start((socket) => takeStream(socket, () => flood(socket, FLOOD)));
  await using child = await TestChild.start((folder) => [
    { id: 'silent', kind: 'rtmp', url: silent.url },
    { id: 'deaf', kind: 'rtmp', url: deaf.url },
    { id: 'flooding', kind: 'rtmp', url: flooding.url },
    { id: 'file', kind: 'file', format: 'mp4', path: `${folder}/a.mp4` },
    { id: 'hls', kind: 'hls', folder: `${folder}/hls` },
  ]);
  await child.hears('sink-playable', ({ sinkId }) => sinkId === 'hls');
  await child.hears('sink-started', ({ sinkId }) => sinkId === 'deaf');
  await child.hears(
    'log',
    ({ msg, facts }) => msg === 'livestream disconnected' && JSON.stringify(facts).includes('flooding'),
  );
  await child.hears('sink-started', ({ sinkId }) => sinkId === 'file');
  await child.stop();
  const { file } = await child.hears('sink-finished', ({ sinkId }) => sinkId === 'file');
  expect(file?.duration).toBeGreaterThan(1);
  expect(existsSync(`${child.folder}/hls/segment-0.m4s`)).toBe(true);
  expect(JSON.stringify(child.said)).not.toContain('secret-key');
});
