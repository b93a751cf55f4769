// A camera that films a clock, and a microphone that hears it: what of a moment was seen and heard how much later can be
// read off wherever the picture ends up.

/** Where the clock's cells are in the picture, as shares of its width and height. */
export const CLOCK = { left: 0.1, right: 0.9, y: 0.5, count: 20, tickMs: 50, flashY: 0.15 };

/** To be run in a tab before its page: every camera and microphone of it is the clock. */
export const CLOCK_CAMERA = `
  navigator.mediaDevices.getUserMedia = async (wish) => {
    const stream = new MediaStream();
    if (wish.video) {
      const canvas = document.createElement('canvas');
      [canvas.width, canvas.height] = [640, 360];
      const brush = canvas.getContext('2d');
      const draw = () => {
        const now = performance.timeOrigin + performance.now();
        brush.fillStyle = '#2040a0';
        brush.fillRect(0, 0, 640, 360);
        const cell = (640 * ${CLOCK.right - CLOCK.left}) / ${CLOCK.count};
        for (let bit = 0; bit < ${CLOCK.count}; bit++) {
          brush.fillStyle = Math.floor(now / ${CLOCK.tickMs}) & (1 << bit) ? '#fff' : '#000';
          brush.fillRect(640 * ${CLOCK.left} + bit * cell, 130, cell, 100);
        }
        brush.fillStyle = now % 1000 < 100 ? '#fff' : '#000';
        brush.fillRect(120, 20, 400, 70);
      };
      draw();
      setInterval(draw, 1000 / 60);
      stream.addTrack(canvas.captureStream(30).getVideoTracks()[0]);
    }
    if (wish.audio) {
      const context = new AudioContext();
      const out = context.createMediaStreamDestination();
      const hum = new OscillatorNode(context, { frequency: 1000 });
      const gate = new GainNode(context, { gain: 0 });
      hum.connect(gate).connect(out);
      hum.start();
      let last = 0;
      setInterval(() => {
        const now = performance.timeOrigin + performance.now();
        const second = Math.ceil(now / 1000) * 1000;
        if (second === last || second - now > 500) return;
        last = second;
        const at = context.currentTime + (second - now) / 1000;
        gate.gain.setValueAtTime(0.4, at);
        gate.gain.setValueAtTime(0, at + 0.1);
      }, 50);
      stream.addTrack(out.stream.getAudioTracks()[0]);
    }
    return stream;
  };`;

/** The time that cells show, nearest to \`nearMs\`; milliseconds since the epoch. */
export function timeOf(isWhite: readonly boolean[], nearMs: number): number {
  const span = 2 ** CLOCK.count * CLOCK.tickMs;
  const shown = isWhite.reduce((sum, white, bit) => sum + (white ? 2 ** bit : 0), 0) * CLOCK.tickMs;
  return shown + Math.round((nearMs - shown) / span) * span;
}

/** What a picture of one person, alone in it, shows of the clock. */
export function seenClock(
  { width, height, luma }: { width: number; height: number; luma(x: number, y: number): number },
  nearMs: number,
): { time: number; isFlash: boolean } {
  // The tile fills the picture but for this.
  const margin = height / 90;
  const at = (x: number, y: number) => luma(margin + x * (width - 2 * margin), margin + y * (height - 2 * margin));
  const size = (CLOCK.right - CLOCK.left) / CLOCK.count;
  const isWhite = Array.from({ length: CLOCK.count }, (_, bit) => at(CLOCK.left + (bit + 0.5) * size, CLOCK.y) > 128);
  return { time: timeOf(isWhite, nearMs), isFlash: at(0.5, CLOCK.flashY) > 128 };
}
