// Even numbers: chroma has half the resolution of a picture, so sizes and places of pixels come in twos.

export function evenDown(value: number): number {
  return Math.floor(value / 2) * 2;
}

export function evenUp(value: number): number {
  return Math.ceil(value / 2) * 2;
}
