// People in a room without a browser: our own client, in a process of its own so that its work is in nobody else's
// figures. They come in by the front doors, send clips and receive nothing. `harness/crowd.ts` starts it.
import { once } from 'node:events';
import type { LocalMediaState, SourceState } from '../../web/client/local-media.ts';
import { Meeting } from '../../web/client/meeting.ts';
import { Observable } from '../../web/client/observable.ts';
import { cameraClip } from '../harness/camera-clip.ts';
import type { CrowdOrder, CrowdWord } from '../harness/crowd-words.ts';
import { beepClip, type Clip } from '../harness/test-clip.ts';
import { ClipTrack, playAll } from './clip-track.ts';
import { weriftHandler } from './werift-handler.ts';

const PICTURE = { width: 320, height: 180 };
const FRAMES_PER_SECOND = 15;
const FACES = 4;
const VOICE_PACKET_MS = 20;
const VOICE_HERTZ = 330;
/** Voices take turns, as people do. */
const TURN_MS = 4_000;
/** Who come at the same time; more would only wait for each other. */
const AT_ONCE = 8;
const LEAVE_TIMEOUT_MS = 3_000;

const OFF: SourceState = { on: false, starting: false, track: undefined, deviceId: '', problem: undefined };

const [order] = (await once(process, 'message')) as [CrowdOrder];
const faces: Clip[] = [];
for (let seed = 1; seed <= FACES; seed++) {
  faces.push(await cameraClip(PICTURE.width, PICTURE.height, seed, FRAMES_PER_SECOND));
}
const voice = await beepClip(VOICE_PACKET_MS, VOICE_HERTZ);
const voices = order.people.filter(({ hasVoice }) => hasVoice);
const meetings: Meeting[] = [];

process.once('disconnect', () => {
  for (const meeting of meetings) meeting.leave();
  // The process ends by itself when the last word is sent, and must not stay if one cannot be.
  setTimeout(() => process.exit(), LEAVE_TIMEOUT_MS).unref();
});
playAll();
try {
  for (let from = 0; from < order.people.length; from += AT_ONCE) {
    await Promise.all(order.people.slice(from, from + AT_ONCE).map(enter));
  }
  say({ type: 'gathered' });
} catch (error) {
  say({ type: 'failed', reason: String(error) });
}

function say(word: CrowdWord): void {
  process.send?.(word);
}

/** Resolves when somebody is in the room and what they send is on its way. */
async function enter(person: CrowdOrder['people'][number]): Promise<void> {
  const tracks = tracksOf(person);
  const meeting = new Meeting({
    roomId: order.roomId,
    token: person.token,
    name: person.name,
    participantId: person.id,
    media: { state: new Observable(devices(tracks)), turn: async () => undefined },
    server: new URL(order.serverUrl),
    handler: weriftHandler,
    receives: false,
  });
  meetings.push(meeting);
  await meeting.enter();
  await Promise.race([Promise.all(tracks.map((it) => it.played)), leftBy(meeting)]);
}

function tracksOf({ id, hasVoice }: CrowdOrder['people'][number]): ClipTrack[] {
  const index = order.people.findIndex((it) => it.id === id);
  const camera = new ClipTrack({ clip: faces[index % FACES] as Clip, ...PICTURE });
  if (!hasVoice) return [camera];
  const turn = voices.findIndex((it) => it.id === id);
  const isLoud = () => Math.floor(performance.now() / TURN_MS) % voices.length === turn;
  return [camera, new ClipTrack({ clip: voice, isLoud })];
}

function devices(tracks: readonly ClipTrack[]): LocalMediaState {
  const source = (kind: ClipTrack['kind']): SourceState => {
    const track = tracks.find((it) => it.kind === kind);
    return track ? { ...OFF, on: true, track: track as unknown as MediaStreamTrack } : OFF;
  };
  return { mic: source('audio'), camera: source('video'), screen: undefined, devices: [], speakerId: '' };
}

/** Rejects when somebody is not let in, or put out. */
function leftBy(meeting: Meeting): Promise<never> {
  return new Promise((_, reject) => {
    meeting.state.subscribe(() => {
      const { phase, reason, notice } = meeting.state.get();
      if (phase === 'left') reject(new Error(reason?.message));
      if (notice) reject(new Error(notice.text));
    });
  });
}
