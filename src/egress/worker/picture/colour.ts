// Colours as people write them, and as video stores them.

/** How red, green and blue became luma and chroma: what cameras send through WebRTC, or what browsers draw. */
export type ColourMatrix = 'bt601' | 'bt709';

export interface Colour {
  red: number;
  green: number;
  blue: number;
}

export interface Yuv {
  y: number;
  u: number;
  v: number;
}

export function hex(text: string): Colour {
  const value = Number.parseInt(text.slice(1), 16);
  return { red: value >> 16, green: (value >> 8) & 0xff, blue: value & 0xff };
}

/** In video range; BT.601 is what cameras send through WebRTC. */
export function toYuv({ red, green, blue }: Colour, matrix: ColourMatrix = 'bt601'): Yuv {
  if (matrix === 'bt709') {
    return {
      y: 16 + (46.742 * red + 157.243 * green + 15.874 * blue) / 256,
      u: 128 + (-25.765 * red - 86.674 * green + 112.439 * blue) / 256,
      v: 128 + (112.439 * red - 102.129 * green - 10.31 * blue) / 256,
    };
  }
  return {
    y: 16 + (65.738 * red + 129.057 * green + 25.064 * blue) / 256,
    u: 128 + (-37.945 * red - 74.494 * green + 112.439 * blue) / 256,
    v: 128 + (112.439 * red - 94.154 * green - 18.285 * blue) / 256,
  };
}
