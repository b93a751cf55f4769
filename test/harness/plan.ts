// Who sends what and when, carried out by synthetic participants, and what of it is found in the recording: every frame
// is decoded and read, every sample listened to.
import { setTimeout as sleep } from 'node:timers/promises';
import type { EgressStream, SinkSpec } from '../../src/egress/ipc.ts';
import { CANVAS, type CompositionConfig } from '../../src/protocol/composition.ts';
import { arrange, type Tile } from '../../src/protocol/layout.ts';
import { SMALL, TestChild } from './egress-child.ts';
import { beeps, flashes, isColour, lags, offsets, percentile, readTile, type Seen, type Sound, watch } from './film.ts';
import { type Labels, labelsOf } from './labels.ts';
import type { RtpPublisher } from './rtp-publisher.ts';
import { beepClip, COLOURS, FRAMES_PER_SECOND, type VideoCodec, videoClip } from './test-clip.ts';

export interface Sender {
  name: string;
  codec: VideoCodec;
  width: number;
  height: number;
  packetMs: 20 | 40 | 60;
  hertz: number;
}

export interface Plan {
  senders: Sender[];
  seconds: number;
  config?: Partial<CompositionConfig>;
  /** Called once everybody sends, and may change how. */
  during?(cast: Playing[]): Promise<void> | void;
}

/** A sender at work. */
export interface Playing {
  child: TestChild;
  publisher: RtpPublisher;
  streams: EgressStream[];
}

const CODECS: VideoCodec[] = ['VP8', 'H264', 'VP9', 'VP8', 'H264'];
const PACKETS = [20, 40, 60, 20, 20] as const;
const NAMES = ['Ada', 'Grace', 'Edsger', 'Katherine', 'Alan', 'Radia', 'Niklaus', 'Barbara', 'Joseph'];
/** Apart enough to be told from each other within 5 ms. */
const TONES = [600, 1000, 1500, 2100, 2800, 3600, 4500, 5500, 6600];

export function senders(count: number, size = { width: 640, height: 360 }): Sender[] {
  return Array.from({ length: count }, (_, index) => ({
    name: NAMES[index % NAMES.length] ?? '',
    codec: CODECS[index % CODECS.length] ?? 'VP8',
    packetMs: PACKETS[index % PACKETS.length] ?? 20,
    hertz: TONES[index % TONES.length] ?? 600,
    ...size,
  }));
}

/** What was found of one sender. */
export interface Found {
  /** Milliseconds that its pictures are late against its voice; p95 of the absolute. */
  lagP95Ms: number;
  /** The same, signed: the medians of the first and the last fifth of the time. */
  lagBeginMs: number;
  lagEndMs: number;
  /** Frames that show its colour, its name, of all that should. */
  rightColour: number;
  rightName: number;
  /** Steps from one picture to the next that are more than one frame of the camera away from what they should be. */
  badSteps: number;
  steps: number;
  beeps: number;
}

export interface Observation {
  senders: Found[];
  /** Milliseconds between the flashes of any two, at most. */
  apartMs: number;
  /** Seconds. */
  pictureSeconds: number;
  soundSeconds: number;
  droppedTicks: number;
  /** Milliseconds that sound and picture were apart when they were made, at most. */
  driftMs: number;
  lostForGood: number;
}

const mp4 = (folder: string): SinkSpec[] => [{ id: 'file', kind: 'file', format: 'mp4', path: `${folder}/a.mp4` }];
/** Before this, keyframes are still being waited for. */
const SETTLED_SECONDS = 1.5;

/** Carries a plan out and looks at what was recorded. */
export async function observe(plan: Plan): Promise<Observation> {
  const config: CompositionConfig = { ...SMALL, ...plan.config };
  const clips = await Promise.all(plan.senders.map(clipsOf));
  await using child = await TestChild.start(mp4, config);
  const playing: Playing[] = [];
  for (const [index, { name }] of plan.senders.entries()) {
    playing.push({ child, ...(await child.join(idOf(index), clips[index] ?? {}, { name, rtx: true })) });
  }
  await child.hears('sink-started');
  await Promise.all([plan.during?.(playing), sleep(plan.seconds * 1000)]);
  await child.stop();
  return await look(plan, config, child);
}

async function clipsOf({ codec, width, height, packetMs, hertz }: Sender, index: number) {
  const video = await videoClip(codec, width, height, COLOURS[index % COLOURS.length] ?? COLOURS[0]);
  return { video, audio: await beepClip(packetMs, hertz) };
}

async function look(plan: Plan, config: CompositionConfig, child: TestChild): Promise<Observation> {
  const tiles = tilesOf(plan.senders.length, config);
  const labels = await labelsOf(
    config,
    plan.senders.map(({ name }) => name),
    tiles,
  );
  const seen: Seen[][] = tiles.map(() => []);
  const named: number[] = tiles.map(() => 0);
  let shots = 0;
  const sound = watch(`${child.folder}/a.mp4`, (shot) => {
    if (shot.time < SETTLED_SECONDS) return;
    shots += 1;
    tiles.forEach((tile, index) => {
      seen[index]?.push(readTile(shot, tile));
      // Reading a name takes longer than the rest together, so now and then is enough.
      if (shots % FRAMES_PER_SECOND === 1 && labels.reads(shot, index)) named[index] = (named[index] ?? 0) + 1;
    });
  });
  const looks = Math.ceil(shots / FRAMES_PER_SECOND);
  const times = seen.map((ofOne) => flashes(ofOne));
  return {
    senders: plan.senders.map((sender, index) =>
      found(sender, index, seen[index] ?? [], sound, (named[index] ?? 0) / looks),
    ),
    apartMs: Math.max(0, ...times.slice(1).flatMap((own) => offsets(own, times[0] ?? []).map(Math.abs))),
    pictureSeconds: seen[0]?.at(-1)?.time ?? 0,
    soundSeconds: sound.begin + sound.samples.length / 48_000,
    droppedTicks: child.droppedTicks,
    driftMs: Math.max(...child.said.map((said) => (said.type === 'stats' ? Math.abs(said.driftMs) : 0))),
    lostForGood: lostForGood(child),
  };
}

function found({ hertz }: Sender, index: number, seen: Seen[], sound: Sound, rightName: number): Found {
  const heard = beeps(sound, hertz);
  const late = lags(seen, heard);
  const fifth = Math.ceil(late.length / 5);
  const colour = COLOURS[index % COLOURS.length] ?? COLOURS[0];
  const steps = seen.slice(1).map(({ number }, at) => (number - (seen[at]?.number ?? 0) + 60) % 60);
  return {
    lagP95Ms: percentile(late.map(Math.abs), 0.95),
    lagBeginMs: percentile(late.slice(0, fifth), 0.5),
    lagEndMs: percentile(late.slice(-fifth), 0.5),
    rightColour: seen.filter((one) => isColour(one, colour)).length / Math.max(1, seen.length),
    rightName,
    badSteps: steps.filter((step) => step > 2).length,
    steps: steps.length,
    beeps: heard.length,
  };
}

function tilesOf(count: number, config: CompositionConfig): Tile[] {
  const participants = Array.from({ length: count }, (_, joinedAt) => ({
    id: idOf(joinedAt),
    shareOn: false,
    pinned: false,
    joinedAt,
  }));
  const size = CANVAS[config.quality];
  return arrange({ participants, activeSpeakerId: null, layout: config.layout, ...size });
}

function idOf(index: number): string {
  return `p${String(index).padStart(2, '0')}`;
}

function lostForGood(child: TestChild): number {
  const facts = child.said.flatMap((said) => (said.type === 'log' && said.msg === 'scene' ? [said.facts] : []));
  return Math.max(0, ...facts.map((fact) => Number((fact as { lost?: number }).lost ?? 0)));
}

export type { Labels };
