// The compositor films a page: what it shows and plays, in time, and what becomes of pages that are no good.
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { SinkSpec } from '../../src/egress/ipc.ts';
import { hex, toYuv } from '../../src/egress/worker/picture/colour.ts';
import { browserProcesses, pageSpec } from '../harness/browser.ts';
import { TestChild } from '../harness/egress-child.ts';
import { beeps, flashes, offsets, percentile, type Seen, type Shot, watch } from '../harness/film.ts';

const mp4 = (folder: string): SinkSpec[] => [{ id: 'file', kind: 'file', format: 'mp4', path: `${folder}/a.mp4` }];

/** A flash and a beep at each whole second of the wall's clock, on blue, with a green corner. */
const CLOCK = `<!doctype html><body style="margin:0;background:#0000ff"><div id="flash" style="width:100%;height:50vh"></div>
<div style="position:fixed;right:0;bottom:0;width:8px;height:8px;background:#00ff00"></div><script>
const sound = new AudioContext();
const now = () => performance.timeOrigin + performance.now();
let beeped = 0;
function draw() {
  document.getElementById('flash').style.background = now() % 1000 < 100 ? '#fff' : '#000';
  requestAnimationFrame(draw);
}
function beep() {
  const second = Math.ceil(now() / 1000) * 1000;
  if (second === beeped || second - now() > 500) return;
  beeped = second;
  const { contextTime, performanceTime } = sound.getOutputTimestamp();
  const at = contextTime + (second - performance.timeOrigin - performanceTime) / 1000;
  const tone = new OscillatorNode(sound, { frequency: 1000 });
  tone.connect(new GainNode(sound, { gain: 0.3 })).connect(sound.destination);
  tone.start(at);
  tone.stop(at + 0.1);
}
draw();
setInterval(beep, 50);
</script>`;

const PAGES: Record<string, string> = {
  '/clock': CLOCK,
  '/stuck': '<script>for (;;);</script>',
};

let server: Server;
beforeAll(async () => {
  server = createServer((request, response) => {
    const page = PAGES[request.url ?? ''];
    // This one is never answered.
    if (request.url === '/silent') return;
    response.writeHead(page ? 200 : 404, { 'content-type': 'text/html' }).end(page ?? 'nothing here');
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
});
afterAll(() => {
  server.closeAllConnections();
  server.close();
});

const url = (path: string) => `http://127.0.0.1:${(server.address() as AddressInfo).port}${path}`;
const film = (address: string, config = {}) => TestChild.start(mp4, config, pageSpec(address));

/** Whether a point has a colour, read as the file says it is stored. */
function isColour(shot: Shot, { x, y }: { x: number; y: number }, colour: string): boolean {
  const { u, v } = toYuv(hex(colour), shot.isBt709 ? 'bt709' : 'bt601');
  const seen = shot.chroma(x, y);
  return Math.abs(seen.u - u) < 7 && Math.abs(seen.v - v) < 7;
}

describe('a page that is filmed', () => {
  it('is seen whole, in its colours, and heard in time with what it shows', async () => {
    await using child = await film(url('/clock'));
    await child.hears('sink-started');
    const first = await child.hears('stats');
    await child.hears('stats', (stats) => stats !== first);
    await child.stop();
    const seen: Seen[] = [];
    let corners = 0;
    let blues = 0;
    const sound = watch(`${child.folder}/a.mp4`, (shot) => {
      seen.push({ time: shot.time, isFlash: shot.luma(400, 100) > 140, number: 0, u: 0, v: 0 });
      if (isColour(shot, { x: 851, y: 477 }, '#00ff00')) corners += 1;
      if (isColour(shot, { x: 400, y: 400 }, '#0000ff')) blues += 1;
    });
    expect([corners, blues]).toEqual([seen.length, seen.length]);
    const heard = beeps(sound, 1000);
    expect(heard.length).toBeGreaterThanOrEqual(5);
    expect(percentile(offsets(flashes(seen), heard).map(Math.abs), 0.95)).toBeLessThanOrEqual(80);
    expect(browserProcesses(child.process.pid)).toEqual([]);
  });

  it('fills an upright canvas, and needs no picture to be heard', async () => {
    await using child = await film(url('/clock'), { orientation: 'portrait' });
    await child.hears('sink-started');
    await child.hears('stats');
    await child.stop();
    const seen = new Set<string>();
    watch(`${child.folder}/a.mp4`, (shot) => {
      seen.add(`${shot.width}x${shot.height} ${isColour(shot, { x: 477, y: 851 }, '#00ff00')}`);
    });
    expect([...seen]).toEqual(['480x854 true']);

    await using audio = await film(url('/clock'), { mode: 'audio' });
    await audio.hears('sink-started');
    await audio.hears('stats');
    await audio.stop();
    const sound = watch(`${audio.folder}/a.mp4`, () => undefined);
    expect(beeps(sound, 1000).length).toBeGreaterThanOrEqual(3);
  });

  it('goes with its compositor, however that ends', async () => {
    const child = await film(url('/clock'));
    expect(browserProcesses(child.process.pid).length).toBeGreaterThan(0);
    child.process.kill('SIGKILL');
    await expect.poll(() => browserProcesses(child.process.pid), { timeout: 10_000 }).toEqual([]);
    await child[Symbol.asyncDispose]();
  });
});

describe('a page that is no good', () => {
  it('is told with the reason, as the fault of whoever named it', async () => {
    await expect(film(url('/missing'))).rejects.toThrow(/^destination: .* answered with status 404/);
    const late = /^destination: .* did not load within 12 s/;
    await Promise.all(['/stuck', '/silent'].map((path) => expect(film(url(path))).rejects.toThrow(late)));
  });

  it('on an address that may not be reached is refused, and so is one that nobody listens on', async () => {
    await expect(film('http://10.1.2.3/')).rejects.toThrow(/10\.1\.2\.3 may not be reached \(private\)/);
    await expect(film('https://localhost/')).rejects.toThrow(/may not be reached|could not be loaded/);
    await expect(film('http://127.0.0.1:1/')).rejects.toThrow(/status 5|could not be loaded/);
  });

  it('is not filmed with a browser that is none', async () => {
    const page = pageSpec(url('/clock'), { browser: '/bin/false' });
    await expect(TestChild.start(mp4, {}, page)).rejects.toThrow(/browser could not be started/);
  });
});
