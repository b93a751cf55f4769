// What a recording at 720p30 costs: our compositor, against the bare encode of the very pictures it made, and against a
// headless browser that shows as many videos and is recorded. One after the other, on the same machine.
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { rm } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { pageSpec } from '../test/harness/browser.ts';
import { cameraClip } from '../test/harness/camera-clip.ts';
import { TestChild } from '../test/harness/egress-child.ts';
import { beepClip, type Clip } from '../test/harness/test-clip.ts';
import { cpuOfTree } from './process-tree.ts';
import { cores, type Row } from './table.ts';
import { TilePage } from './tile-page.ts';

const SETTLE_MS = 5_000;
const WATCH_MS = 15_000;
const CONFIG = { quality: 'med' } as const;

interface Job {
  what: string;
  tiles: number;
  /** As large as simulcast offers for the tile. */
  size: { width: number; height: number };
  cameras: boolean;
}

const JOBS: Job[] = [
  { what: '1 tile', tiles: 1, size: { width: 1280, height: 720 }, cameras: true },
  { what: '4 tiles', tiles: 4, size: { width: 640, height: 360 }, cameras: true },
  { what: '9 tiles', tiles: 9, size: { width: 640, height: 360 }, cameras: true },
  { what: '25 tiles', tiles: 25, size: { width: 320, height: 180 }, cameras: true },
  { what: '4 people, cameras off', tiles: 4, size: { width: 640, height: 360 }, cameras: false },
];

export async function benchRecording(): Promise<Row[]> {
  const rows: Row[] = [];
  for (const job of JOBS) {
    const ours = await compose(job);
    const bare = await encode(ours.file);
    const browser = await film(job);
    await rm(ours.folder, { recursive: true, force: true });
    rows.push({ what: `${job.what}: Roomful`, value: `${cores(ours.cpu)}, ${ours.residentMiB} MB`, target: '' });
    rows.push({ what: `${job.what}: bare encode of its pictures`, value: cores(bare), target: '' });
    rows.push({ what: `${job.what}: headless browser, recorded`, value: cores(browser), target: '' });
    rows.push(...verdicts(job, ours.cpu, bare, browser));
  }
  rows.push({ what: 'recordings of 4 tiles that this machine holds', value: String(await howMany()), target: '' });
  return rows;
}

function verdicts({ what, tiles, cameras }: Job, ours: number, bare: number, browser: number): Row[] {
  if (!cameras) {
    return [{ what: `${what}: share of the browser`, value: (ours / browser).toFixed(2), target: '≤ 0.25' }];
  }
  if (tiles !== 4) return [];
  const added = (ours - bare) / (browser - bare);
  return [
    { what: `${what}: against the bare encode`, value: (ours / bare).toFixed(2), target: '≤ 1.25' },
    { what: `${what}: what it adds to that, against what the browser adds`, value: added.toFixed(2), target: '≤ 0.25' },
  ];
}

async function compose(job: Job): Promise<{ cpu: number; residentMiB: number; file: string; folder: string }> {
  const child = await begin(job);
  const cpu = await watch(child);
  const residentMiB = Math.round(
    (child.said.findLast(({ type }) => type === 'stats') as { rssBytes: number }).rssBytes / 2 ** 20,
  );
  await child.stop();
  return { cpu, residentMiB, file: `${child.folder}/a.mp4`, folder: child.folder };
}

async function begin({ tiles, size, cameras }: Job): Promise<TestChild> {
  const clips = await clipsOf(size);
  const child = await TestChild.start((folder) => [mp4(folder)], CONFIG);
  for (let index = 0; index < tiles; index++) {
    const video = clips.cameras[index % clips.cameras.length];
    await child.join(`p${index}`, { audio: clips.voice, ...(cameras && video && { video }) });
  }
  await child.hears('sink-started');
  return child;
}

const mp4 = (folder: string) => ({ id: 'file', kind: 'file', format: 'mp4', path: `${folder}/a.mp4` }) as const;

async function film({ tiles, size, cameras }: Job): Promise<number> {
  const clips = await clipsOf(size);
  await using page = await TilePage.serve(cameras ? clips.cameras : [], size, tiles);
  await using child = await TestChild.start((folder) => [mp4(folder)], CONFIG, pageSpec(page.url));
  await child.hears('sink-started');
  return await watch(child);
}

/** Cores that a child and everything it has started use. */
async function watch(child: TestChild): Promise<number> {
  const pid = child.process.pid ?? 0;
  await sleep(SETTLE_MS);
  const before = cpuOfTree(pid);
  await sleep(WATCH_MS);
  return ((cpuOfTree(pid) - before) * 1000) / WATCH_MS;
}

async function encode(file: string): Promise<number> {
  const child = fork(new URL('bare-encode.ts', import.meta.url), [file, String(WATCH_MS)]);
  const [{ cpu }] = (await once(child, 'message')) as [{ cpu: number }];
  return cpu;
}

const known = new Map<string, Promise<{ cameras: Clip[]; voice: Clip }>>();

function clipsOf(size: { width: number; height: number }) {
  const key = `${size.width}x${size.height}`;
  let clips = known.get(key);
  if (!clips) {
    clips = makeClips(size);
    known.set(key, clips);
  }
  return clips;
}

async function makeClips({ width, height }: { width: number; height: number }) {
  const cameras: Clip[] = [];
  for (let seed = 1; seed <= 4; seed++) cameras.push(await cameraClip(width, height, seed));
  return { cameras, voice: await beepClip(20, 440) };
}

/** One more after the other, until pictures are left out. */
async function howMany(): Promise<number> {
  const [, four] = JOBS;
  const children: TestChild[] = [];
  try {
    for (;;) {
      children.push(await begin(four as Job));
      const dropped = () => children.reduce((sum, { droppedTicks }) => sum + droppedTicks, 0);
      await sleep(SETTLE_MS);
      const before = dropped();
      await sleep(WATCH_MS);
      // A picture in a hundred is left out.
      if (dropped() - before > (children.length * 30 * WATCH_MS) / 1000 / 100) return children.length - 1;
    }
  } finally {
    await Promise.all(children.map((child) => child[Symbol.asyncDispose]()));
  }
}
