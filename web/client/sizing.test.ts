import { describe, expect, it } from 'vitest';
import { cameraEncodings, layerFor } from './sizing.ts';

describe('the layers of a camera', () => {
  it('are three, two or one, by its longer side', () => {
    expect(cameraEncodings(1280, 720).map((it) => it.scaleResolutionDownBy)).toEqual([4, 2, 1]);
    expect(cameraEncodings(720, 1280)).toHaveLength(3);
    expect(cameraEncodings(640, 480).map((it) => it.scaleResolutionDownBy)).toEqual([2, 1]);
    expect(cameraEncodings(320, 180)).toHaveLength(1);
  });
});

describe('the layer for a tile', () => {
  const picture = { width: 1280, height: 720, encodings: cameraEncodings(1280, 720) };

  it('is the lowest that fills it', () => {
    expect(layerFor({ width: 160, height: 90 }, picture)).toBe(0);
    expect(layerFor({ width: 400, height: 225 }, picture)).toBe(0);
    expect(layerFor({ width: 640, height: 360 }, picture)).toBe(1);
    expect(layerFor({ width: 1280, height: 720 }, picture)).toBe(2);
    expect(layerFor({ width: 4000, height: 3000 }, picture)).toBe(2);
  });

  it('is guessed for a sender that says nothing of its picture', () => {
    expect(layerFor({ width: 100, height: 60 }, {})).toBe(0);
    expect(layerFor({ width: 1200, height: 700 }, {})).toBe(2);
  });

  it('of a stream with one layer is that one', () => {
    expect(layerFor({ width: 1280, height: 720 }, { width: 320, height: 180, encodings: [{}] })).toBe(0);
  });
});
