// A page of somebody who watches a stream with hls.js, and reads the clock that the stream shows.
import Hls from 'hls.js';
import { CLOCK, timeOf } from '../harness/clock-camera.ts';
import type { PlayerPageApi } from '../harness/player-page-api.ts';

const video = document.createElement('video');
video.muted = true;
document.body.append(video);
let hls: Hls | undefined;
let failure = '';

/** The tile of somebody who is alone fills the picture but for this. */
const MARGIN = 1 / 90;

function readClock(): number {
  const canvas = new OffscreenCanvas(video.videoWidth, video.videoHeight);
  const brush = canvas.getContext('2d');
  if (!brush || video.videoWidth === 0) return Number.NaN;
  brush.drawImage(video, 0, 0);
  const { width, height } = canvas;
  const margin = height * MARGIN;
  const [tileWidth, tileHeight] = [width - 2 * margin, height - 2 * margin];
  const size = (CLOCK.right - CLOCK.left) / CLOCK.count;
  const isWhite = Array.from({ length: CLOCK.count }, (_, bit) => {
    const x = margin + tileWidth * (CLOCK.left + (bit + 0.5) * size);
    const [red = 0] = brush.getImageData(Math.round(x), Math.round(margin + tileHeight * CLOCK.y), 1, 1).data;
    return red > 128;
  });
  return timeOf(isWhite, Date.now());
}

const api: PlayerPageApi = {
  async play(url) {
    const began = performance.now();
    hls?.destroy();
    hls = new Hls({ lowLatencyMode: true });
    hls.on(Hls.Events.ERROR, (_event, { fatal, details }) => {
      if (fatal) failure = details;
    });
    const shown = new Promise<void>((resolve) => video.requestVideoFrameCallback(() => resolve()));
    hls.loadSource(url);
    hls.attachMedia(video);
    await video.play();
    await shown;
    return performance.now() - began;
  },
  async latencies(count) {
    const found: number[] = [];
    while (found.length < count) {
      await new Promise((resolve) => video.requestVideoFrameCallback(resolve));
      found.push(Date.now() - readClock());
    }
    return found;
  },
  async rewind(toSeconds) {
    const seeked = new Promise((resolve) => video.addEventListener('seeked', resolve, { once: true }));
    video.currentTime = toSeconds;
    await seeked;
    await new Promise((resolve) => video.requestVideoFrameCallback(resolve));
    return readClock();
  },
  view: () => ({
    failure,
    currentTime: video.currentTime,
    duration: video.duration,
    width: video.videoWidth,
    isLive: hls?.latestLevelDetails?.live ?? false,
    parts: hls?.latestLevelDetails?.partList?.length ?? 0,
    stalls: video.getVideoPlaybackQuality().droppedVideoFrames,
  }),
};
Object.assign(globalThis, { playerPage: api });
