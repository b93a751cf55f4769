// A page of somebody who watches a stream with hls.js, and reads the clock that the stream shows.
import Hls from 'hls.js';
import { seenClock } from '../harness/clock-camera.ts';
import type { PlayerPageApi } from '../harness/player-page-api.ts';

const video = document.createElement('video');
video.muted = true;
document.body.append(video);
let hls: Hls | undefined;
let failure = '';

function readClock(): number {
  const canvas = new OffscreenCanvas(video.videoWidth, video.videoHeight);
  const brush = canvas.getContext('2d', { willReadFrequently: true });
  if (!brush || video.videoWidth === 0) return Number.NaN;
  brush.drawImage(video, 0, 0);
  const { width, height } = canvas;
  const luma = (x: number, y: number) => brush.getImageData(Math.round(x), Math.round(y), 1, 1).data[1] ?? 0;
  return seenClock({ width, height, luma }, Date.now()).time;
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
    video.pause();
    video.currentTime = toSeconds;
    await seeked;
    // Whether its picture is shown before or after that is told, it is by the second frame of the page.
    for (let frames = 0; frames < 2; frames++) await new Promise(requestAnimationFrame);
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
