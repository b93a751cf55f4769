// The picture that a meeting is composed into at one moment, painted by the compositor's own scene.
import { setImmediate as turn } from 'node:timers/promises';
import type { EgressParticipant, EgressStream } from '../../src/egress/ipc.ts';
import { MeetingScene } from '../../src/egress/worker/meeting-scene.ts';
import type { Canvas } from '../../src/egress/worker/picture/canvas.ts';
import { Mixer } from '../../src/egress/worker/sound/mixer.ts';
import { CANVAS, type CompositionConfig } from '../../src/protocol/composition.ts';
import { portrait, screenPicture } from './portrait.ts';
import type { Clip } from './test-clip.ts';

/** Somebody in the picture; by default with the camera on and heard. */
export interface Person {
  name: string;
  camera?: boolean;
  mic?: boolean;
  shares?: boolean;
  pinned?: boolean;
}

/** Labels and avatars are set in the background; each takes some milliseconds. */
const MAX_PAINTS = 2000;

const portraits: Promise<Clip>[] = [];
let screen: Promise<Clip> | undefined;

/** Paints until nothing changes any more, and hands the canvas to `look`. */
export async function paintStill<T>(
  config: CompositionConfig,
  people: readonly Person[],
  speaker: number | undefined,
  look: (canvas: Canvas) => T,
): Promise<T> {
  const { width, height } = CANVAS[config.quality];
  const size = config.orientation === 'portrait' ? { width: height, height: width } : { width, height };
  const stage = { size, mixer: new Mixer(), beganAtMs: 0, nowMs: () => 0 };
  const scene = await MeetingScene.open(stage, { config, isSecure: false }, { onWanted() {}, onBroken() {}, log() {} });
  try {
    scene.setParticipants(people.map(participantOf));
    scene.setActiveSpeaker(speaker === undefined ? null : idOf(speaker));
    for (const [index, person] of people.entries()) {
      portraits[index] ??= portrait(index);
      if (person.camera !== false) show(scene, index, 'video', await (portraits[index] as Promise<Clip>));
      screen ??= screenPicture();
      if (person.shares) show(scene, index, 'share', await screen);
    }
    return look(await paintUntilStill(scene));
  } finally {
    await scene.close();
  }
}

async function paintUntilStill(scene: MeetingScene): Promise<Canvas> {
  let unchanged = 0;
  for (let paints = 0; paints < MAX_PAINTS; paints++) {
    scene.advanceTo(paints, 0);
    const painted = scene.paint(paints);
    if (!painted) throw new Error('no canvas is free');
    // Lettering goes on between the paints.
    await (painted.isNew ? turn() : new Promise((resolve) => setTimeout(resolve, 2)));
    unchanged = painted.isNew ? 0 : unchanged + 1;
    if (unchanged > 60) return painted.canvas;
  }
  throw new Error('the picture never came to rest');
}

function participantOf(person: Person, index: number): EgressParticipant {
  const { name, camera = true, mic = true, shares = false, pinned = false } = person;
  return { id: idOf(index), name, camOn: camera, micOn: mic, shareOn: shares, pinned, joinedAt: index };
}

function idOf(index: number): string {
  return `person-${index}`;
}

function show(scene: MeetingScene, index: number, kind: 'video' | 'share', { frames }: Clip): void {
  const stream: EgressStream = {
    id: `${kind}-${index}`,
    participantId: idOf(index),
    kind,
    mimeType: 'video/H264',
    clockRate: 90_000,
    channels: 0,
    payloadType: 96,
    ssrc: 1000 + index,
    rtxPayloadType: undefined,
    rtxSsrc: undefined,
    headerExtensions: {},
    cname: idOf(index),
  };
  scene.addStream(stream);
  const [{ data } = { data: Buffer.alloc(0) }] = frames;
  const facts = { isKey: true, timestamp: 0, position: 0, capturedAtMs: 0, arrivedAtMs: 0 };
  scene.onFrame(stream.id, { ...facts, data, rotation: 0, afterGap: false });
}
