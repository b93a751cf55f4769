// Colours as people write them, and as video stores them.

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

/** BT.601 in video range, which is what cameras send through WebRTC. */
export function toYuv({ red, green, blue }: Colour): Yuv {
  return {
    y: 16 + (65.738 * red + 129.057 * green + 25.064 * blue) / 256,
    u: 128 + (-37.945 * red - 74.494 * green + 112.439 * blue) / 256,
    v: 128 + (112.439 * red - 94.154 * green - 18.285 * blue) / 256,
  };
}
