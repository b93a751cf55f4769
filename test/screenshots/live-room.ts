// A meeting that goes on while pictures are taken: people with drawn cameras, a recording that has ended, a stream and
// another recording that run.
import type { Browser, Page } from 'playwright-core';
import { mintToken } from '../../src/access/mint.ts';
import { callRest } from '../harness/rest.ts';

const PEOPLE = ['Ada Lovelace', 'Grace Hopper', 'Alan Turing', 'Radia Perlman'];
/** The page of the meeting tells for how long: nine seconds or more, fourteen or more. */
const RECORDED = /^REC 0:(09|[1-5]\d)$/;
const RECORDED_AGAIN = /^REC 0:(1[4-9]|[2-5]\d)$/;

export interface LiveRoom extends AsyncDisposable {
  roomId: string;
  sessionId: string;
  /** Somebody's meeting page. */
  meeting: Page;
  /** Finished, with the link for guests. */
  recording: { id: string; link: string };
  hlsId: string;
}

interface Server {
  /** As browsers reach it, and as programs on this machine do. */
  url: string;
  apiUrl: string;
  key: { apiKey: string; secret: string };
}

/** Draws somebody in front of a wall in the place of a camera. */
const camera = (nth: number) => `
  const real = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices);
  navigator.mediaDevices.getUserMedia = async (wish) => {
    if (!wish.video) return real(wish);
    const canvas = Object.assign(document.createElement('canvas'), { width: 480, height: 270 });
    const draw = canvas.getContext('2d');
    draw.scale(0.75, 0.75);
    const hue = ${nth * 83 + 205};
    const oval = (x, y, w, h, colour) => {
      draw.fillStyle = colour;
      draw.beginPath();
      draw.ellipse(x, y, w, h, 0, 0, 2 * Math.PI);
      draw.fill();
    };
    setInterval(() => {
      const sway = 6 * Math.sin(Date.now() / 900 + ${nth});
      const wall = draw.createLinearGradient(0, 0, 640, 360);
      wall.addColorStop(0, 'hsl(' + hue + ' 38% 62%)');
      wall.addColorStop(1, 'hsl(' + (hue + 40) + ' 34% 34%)');
      draw.fillStyle = wall;
      draw.fillRect(0, 0, 640, 360);
      oval(110, 60, 90, 90, 'hsl(' + (hue + 20) + ' 60% 78% / 40%)');
      oval(320 + sway / 2, 380, 165, 135, 'hsl(' + (hue + 160) + ' 34% 40%)');
      oval(320 + sway, 175, 62, 78, 'hsl(' + (22 + ${nth * 5}) + ' 46% ' + ${72 - nth * 9} + '%)');
      oval(320 + sway, 128, 70, 46, 'hsl(' + (24 + ${nth * 9}) + ' 38% ' + ${20 + nth * 6} + '%)');
      oval(297 + sway, 176, 6, 7, '#222');
      oval(343 + sway, 176, 6, 7, '#222');
    }, 125);
    const picture = canvas.captureStream(8);
    if (wish.audio) for (const track of (await real({ audio: true })).getAudioTracks()) picture.addTrack(track);
    return picture;
  };`;

export async function openLiveRoom(browser: Browser, server: Server): Promise<LiveRoom> {
  const context = await browser.newContext({ ignoreHTTPSErrors: true, viewport: { width: 1440, height: 900 } });
  const token = await mintToken(server.key, { expiresInSeconds: 3600, permissions: ['allow_join', 'allow_mod'] });
  const api = { httpUrl: server.apiUrl, ...server.key };
  const call = (path: string, body?: Record<string, unknown>) => callRest(api, path, body);
  const { roomId } = await call('/v2/rooms', { customRoomId: 'town-hall' });
  const pages: Page[] = [];
  for (const [nth, name] of PEOPLE.entries()) {
    const page = await context.newPage();
    await page.addInitScript(camera(nth));
    await page.goto(`${server.url}/meet/${roomId}#token=${token}`);
    await page.getByLabel('Your name').fill(name);
    await page.getByRole('button', { name: 'Join the meeting', exact: true }).click();
    await page.getByRole('toolbar', { name: 'Meeting controls' }).waitFor();
    pages.push(page);
  }
  const [meeting] = pages;
  if (!meeting) throw new Error('nobody came');
  await call('/v2/recordings/start', { roomId, config: { theme: 'DARK' } });
  const hls = await call('/v2/hls/start', { roomId, config: { theme: 'DARK' } });
  await meeting.getByText(RECORDED).waitFor();
  await call('/v2/recordings/end', { roomId });
  const recording = await finished(async () => (await call(`/v2/recordings?roomId=${roomId}`)).data[0]);
  await call('/v2/recordings/start', { roomId, config: { theme: 'DARK' } });
  await meeting.getByText(RECORDED_AGAIN).waitFor();
  const { pathname, hash } = new URL(recording.links.recording_page);
  return {
    roomId,
    sessionId: hls.sessionId,
    meeting,
    recording: { id: recording.id, link: pathname + hash },
    hlsId: hls.id,
    [Symbol.asyncDispose]: () => context.close(),
  };
}

// biome-ignore lint/suspicious/noExplicitAny: an answer that is looked into
async function finished(look: () => Promise<any>): Promise<any> {
  for (let tries = 0; tries < 100; tries++) {
    const found = await look();
    if (found.status === 'completed') return found;
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
  throw new Error('the recording was not finished');
}
