import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Voice } from '../sources/voice.ts';
import { Framer } from './framer.ts';
import { limited, Mixer } from './mixer.ts';

function take(mixer: Mixer, count: number): Float32Array {
  const left = new Float32Array(count);
  mixer.take(left, new Float32Array(count));
  return left;
}

function tone(from: number, count: number): Float32Array {
  return Float32Array.from(
    { length: count },
    (_, index) => 0.5 * Math.sin(((from + index) * 2 * Math.PI * 440) / 48_000),
  );
}

/** The largest step between neighbours: a click is a large one. */
function roughness(samples: Float32Array): number {
  return samples.reduce((most, sample, index) => Math.max(most, Math.abs(sample - (samples[index - 1] ?? sample))), 0);
}

describe('the mixer', () => {
  it('adds voices and leaves out what is late', () => {
    const mixer = new Mixer();
    const ones = new Float32Array(10).fill(0.25);
    mixer.add(0, ones, ones, 10);
    mixer.add(5, ones, ones, 10);
    expect([...take(mixer, 8)]).toEqual([...new Array(5).fill(0.25), ...new Array(3).fill(0.5)]);
    mixer.add(4, ones, ones, 10);
    expect([mixer.late, take(mixer, 1)[0]]).toEqual([4, 0.75]);
  });

  it('never passes full scale, and changes nothing that is quiet', () => {
    fc.assert(
      fc.property(fc.double({ min: -20, max: 20, noNaN: true }), (sample) => {
        expect(Math.abs(limited(sample))).toBeLessThanOrEqual(1);
        if (Math.abs(sample) <= 0.8) expect(limited(sample)).toBe(sample);
        expect(Math.sign(limited(sample))).toBe(Math.sign(sample));
      }),
    );
  });
});

describe('a voice', () => {
  function speak(frames: number, positionOf: (source: number) => number) {
    const mixer = new Mixer();
    const voice = new Voice(mixer);
    const pieces: number[] = [];
    for (let frame = 0; frame < frames; frame++) {
      const samples = tone(frame * 960, 960);
      voice.add(frame * 960, positionOf(frame * 960), samples, samples, 960);
      if (frame >= 3) pieces.push(...take(mixer, 960));
    }
    return { voice, sound: Float32Array.from(pieces) };
  }

  it('is continuous where its packets are', () => {
    const { sound, voice } = speak(50, (source) => source);
    expect(roughness(sound)).toBeLessThan(0.04);
    expect(voice.jumps).toBe(0);
  });

  it('follows a clock that runs a little fast or slow without a click', () => {
    for (const skew of [1.0004, 0.9996]) {
      const { sound, voice } = speak(1500, (source) => source * skew + 2000);
      expect(roughness(sound.subarray(4000))).toBeLessThan(0.045);
      expect(voice.jumps).toBe(0);
    }
  });

  it('closes a distance at once where nobody hears it', () => {
    const mixer = new Mixer();
    const voice = new Voice(mixer);
    const [silence, ones] = [new Float32Array(960), new Float32Array(960).fill(0.5)];
    voice.add(0, 0, silence, silence, 960);
    voice.add(960, 960 + 2000, silence, silence, 960);
    voice.add(1920, 1920 + 2000, ones, ones, 960);
    voice.flushBefore(1e9);
    const sound = take(mixer, 8000);
    expect([sound.findIndex((sample) => sample > 0), voice.jumps]).toEqual([3920, 0]);
  });

  it('jumps when it is far off, in a fade', () => {
    const { sound, voice } = speak(60, (source) => source + (source > 20_000 ? 9600 : 0));
    expect(voice.jumps).toBe(1);
    expect(roughness(sound)).toBeLessThan(0.06);
  });

  it('fades out before silence and in after it, as DTX leaves it', () => {
    const mixer = new Mixer();
    const voice = new Voice(mixer);
    const ones = new Float32Array(960).fill(0.5);
    voice.add(0, 0, ones, ones, 960);
    voice.add(9600, 9600, ones, ones, 960);
    voice.flushBefore(1e9);
    const sound = take(mixer, 12_000);
    expect(roughness(sound)).toBeLessThan(0.01);
    expect([sound[500], sound[5000], sound[10_000], sound[11_000]]).toEqual([0.5, 0, 0.5, 0]);
  });
});

describe('a framer', () => {
  it('gives everything, in pieces of the size asked for', () => {
    const found: number[] = [];
    const framer = new Framer(1024, (left) => found.push(...left));
    for (let block = 0; block < 32; block++) {
      const samples = Float32Array.from({ length: 480 }, (_, index) => block * 480 + index);
      framer.add(samples, samples);
    }
    expect(found).toEqual(Array.from({ length: 15 * 1024 }, (_, index) => index));
  });
});
