// Canvases take turns: one is painted while encoders still read from another.
import { Canvas } from './canvas.ts';

export interface Painted {
  canvas: Canvas;
  /** False when it shows exactly what the one before showed. */
  isNew: boolean;
  /** To be called by each encoder when it no longer reads from the canvas; `hold` counts them. */
  hold(): void;
  release(): void;
}

/** One is painted while another is being encoded and a third waits for a slow second encoder. */
const SHEETS = 3;

export class Sheet {
  readonly canvas: Canvas;
  /** Encoders that have not finished with it. */
  #inUse = 0;

  private constructor(width: number, height: number) {
    this.canvas = new Canvas(width, height);
  }

  /** As many as are needed for one picture after another. */
  static set({ width, height }: { width: number; height: number }): Sheet[] {
    return Array.from({ length: SHEETS }, () => new Sheet(width, height));
  }

  get isFree(): boolean {
    return this.#inUse === 0;
  }

  painted(isNew: boolean): Painted {
    return {
      canvas: this.canvas,
      isNew,
      hold: () => {
        this.#inUse += 1;
      },
      release: () => {
        this.#inUse -= 1;
      },
    };
  }
}
