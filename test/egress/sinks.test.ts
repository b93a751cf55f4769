// Files, HLS and RTMP from one composition; each begins, fails and ends alone.
import { once } from 'node:events';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { TestChild } from '../harness/egress-child.ts';
import { beeps, lags, percentile, readTile, type Seen, watch } from '../harness/film.ts';
import { freePort } from '../harness/free-port.ts';
import { receiveRtmp } from '../harness/rtmp-server.ts';
import { beepClip, COLOURS, videoClip } from '../harness/test-clip.ts';

const [COLOUR] = COLOURS;

async function somebody() {
  return { video: await videoClip('VP8', 640, 360, COLOUR), audio: await beepClip(20, 1000) };
}

function length(path: string): { pictures: number; seconds: number; soundSeconds: number } {
  const times: number[] = [];
  const sound = watch(path, ({ time }) => times.push(time));
  return { pictures: times.length, seconds: times.at(-1) ?? 0, soundSeconds: sound.samples.length / 48_000 };
}

it('one encode feeds a file, HLS and RTMP; a dead server and a bad folder harm nobody', async () => {
  const port = await freePort();
  const reception = receiveRtmp(port, 'live/very-secret-key');
  await using child = await TestChild.start((folder) => [
    { id: 'file', kind: 'file', format: 'mp4', path: `${folder}/a.mp4` },
    { id: 'hls', kind: 'hls', folder: `${folder}/hls` },
    { id: 'rtmp', kind: 'rtmp', url: `rtmp://127.0.0.1:${port}/live/very-secret-key` },
    { id: 'dead', kind: 'rtmp', url: 'rtmp://127.0.0.1:1/live/other-secret' },
    { id: 'bad', kind: 'file', format: 'mp4', path: `${folder}/not/there/a.mp4` },
  ]);
  await child.join('a', await somebody());
  expect((await child.hears('sink-failed', ({ sinkId }) => sinkId === 'bad')).blame).toBe('destination');
  const playable = await child.hears('sink-playable');
  expect(Date.now() - child.startedAt).toBeLessThan(4500);
  expect(playable.sinkId).toBe('hls');
  await child.hears('sink-started', ({ sinkId }) => sinkId === 'rtmp');
  child.tell({ type: 'add-sink', sink: { id: 'late', kind: 'file', format: 'mp4', path: `${child.folder}/late.mp4` } });
  await sleep(3000);
  const live = readFileSync(`${child.folder}/hls/live.m3u8`, 'utf8');
  for (const [, name] of live.matchAll(/URI="(part[^"]+)"(?!.*HINT)/g)) {
    if (!live.includes(`HINT:TYPE=PART,URI="${name}"`))
      expect([name, existsSync(`${child.folder}/hls/${name}`)]).toEqual([name, true]);
  }
  child.tell({ type: 'remove-sink', sinkId: 'late' });
  await child.hears('sink-finished', ({ sinkId }) => sinkId === 'late');
  await sleep(500);
  await child.stop();
  await reception.done;

  const file = length(`${child.folder}/a.mp4`);
  const hls = length(`${child.folder}/hls/index.m3u8`);
  const late = length(`${child.folder}/late.mp4`);
  expect(Math.abs(hls.seconds - file.seconds)).toBeLessThan(0.5);
  expect(late.seconds).toBeGreaterThan(2.5);
  expect(late.seconds).toBeLessThan(file.seconds - 1);
  expect(Math.abs(late.soundSeconds - late.seconds)).toBeLessThan(0.15);
  expect(reception).toMatchObject({ width: 854, height: 480 });
  expect(reception.pictures.length).toBeGreaterThan(60);
  expect(reception.soundPackets).toBeGreaterThan(100);
  expect(readdirSync(`${child.folder}/hls`).filter((name) => name.startsWith('part-'))).toEqual([]);
  expect(JSON.stringify(child.said)).not.toMatch(/very-secret|other-secret/);
  const finished = child.said
    .filter(({ type }) => type === 'sink-finished')
    .map((said) => 'sinkId' in said && said.sinkId);
  expect(finished.sort()).toEqual(['dead', 'file', 'hls', 'late', 'rtmp']);
});

it('a killed child leaves a recording that plays to within two seconds of its death', async () => {
  await using child = await TestChild.start((folder) => [
    { id: 'file', kind: 'file', format: 'mp4', path: `${folder}/a.mp4` },
    { id: 'web', kind: 'file', format: 'webm', path: `${folder}/a.webm` },
  ]);
  await child.join('a', await somebody());
  await child.hears('sink-started', ({ sinkId }) => sinkId === 'file');
  await sleep(4000);
  const lived = (Date.now() - child.readyAt) / 1000;
  const gone = once(child.process, 'exit');
  child.process.kill('SIGKILL');
  await gone;
  expect(length(`${child.folder}/a.mp4`).seconds).toBeGreaterThan(lived - 2);
  expect(length(`${child.folder}/a.webm`).seconds).toBeGreaterThan(lived - 3);
});

it('a child whose parent is gone finishes its files and leaves', async () => {
  await using child = await TestChild.start((folder) => [
    { id: 'file', kind: 'file', format: 'webm', path: `${folder}/a.webm` },
  ]);
  await child.join('a', await somebody());
  await child.hears('sink-started');
  await sleep(3500);
  const gone = once(child.process, 'exit');
  child.process.disconnect();
  expect((await gone)[0]).toBe(0);
  const seen: Seen[] = [];
  const tile = { x: 4, y: 4, width: 846, height: 472 };
  const sound = watch(`${child.folder}/a.webm`, (shot) => seen.push(readTile(shot, tile)));
  const off = lags(
    seen.filter(({ time }) => time > 1),
    beeps(sound, 1000),
  );
  expect(off.length).toBeGreaterThan(30);
  expect(percentile(off.map(Math.abs), 0.95)).toBeLessThanOrEqual(60);
});

it('sound alone makes an audio file and an audio stream', async () => {
  await using child = await TestChild.start(
    (folder) => [
      { id: 'file', kind: 'file', format: 'mp4', path: `${folder}/a.m4a` },
      { id: 'hls', kind: 'hls', folder: `${folder}/hls` },
    ],
    { mode: 'audio' },
  );
  await child.join('a', await somebody());
  await child.hears('sink-playable');
  await sleep(3000);
  await child.stop();
  expect((await child.hears('wanted')).streams).toEqual([{ participantId: 'a', kind: 'audio', width: 0, height: 0 }]);
  for (const path of [`${child.folder}/a.m4a`, `${child.folder}/hls/index.m3u8`]) {
    const sound = watch(path, () => expect.fail('there is no picture'));
    const heard = beeps(sound, 1000).slice(1);
    expect(heard.length).toBeGreaterThanOrEqual(3);
    const gaps = heard.slice(1).map((time, index) => time - (heard[index] ?? 0));
    expect(Math.max(...gaps.map((gap) => Math.abs(gap - 1)))).toBeLessThan(0.02);
  }
});

it('a server that refuses, or answers with something else, is told in its words', async () => {
  const web = createServer((socket) => socket.on('data', () => socket.end('HTTP/1.1 400 Bad Request\r\n\r\n')));
  web.listen(0, '127.0.0.1');
  await once(web, 'listening');
  const address = web.address();
  const port = typeof address === 'object' && address ? address.port : 0;
  await using child = await TestChild.start(() => [
    { id: 'rtmp', kind: 'rtmp', url: `rtmp://127.0.0.1:${port}/live/k` },
  ]);
  const { facts } = await child.hears('log', ({ msg }) => msg === 'livestream disconnected');
  expect(facts).toMatchObject({ reason: expect.stringContaining('another protocol answered') });
  await child.stop();
  web.close();
});
