// Which layers a camera is sent in, and which one a tile of some size wants. Pure.

export interface Encoding {
  rid: string;
  scaleResolutionDownBy: number;
  maxBitrate: number;
  maxFramerate: number;
}

/** From these longer sides on, a camera is sent in two and in three layers. */
const TWO_LAYERS_FROM_PX = 480;
const THREE_LAYERS_FROM_PX = 960;

/** The layers of a camera picture, lowest first; the same ladder as the official SDKs send. */
export function cameraEncodings(width: number, height: number): Encoding[] {
  const longer = Math.max(width, height);
  const low = { rid: 'q', maxBitrate: 150_000, maxFramerate: 15 };
  const middle = { rid: 'h', maxBitrate: 400_000, maxFramerate: 20 };
  const high = { rid: 'f', maxBitrate: longer > 1280 ? 2_500_000 : 1_500_000, maxFramerate: 30 };
  if (longer >= THREE_LAYERS_FROM_PX) {
    return [
      { ...low, scaleResolutionDownBy: 4 },
      { ...middle, scaleResolutionDownBy: 2 },
      { ...high, scaleResolutionDownBy: 1 },
    ];
  }
  if (longer >= TWO_LAYERS_FROM_PX) {
    return [
      { ...low, scaleResolutionDownBy: 2 },
      { ...middle, maxBitrate: 600_000, maxFramerate: 30, scaleResolutionDownBy: 1 },
    ];
  }
  return [{ ...middle, rid: 'q', scaleResolutionDownBy: 1 }];
}

/** What a sender tells of its stream in `appData`. */
export interface SentPicture {
  width?: number | undefined;
  height?: number | undefined;
  encodings?: { scaleResolutionDownBy?: number | undefined }[] | undefined;
}

/** A picture may be this much smaller than its tile before the next layer is worth its bits. */
const ENOUGH = 0.75;
const WIDTH_WHEN_UNKNOWN_PX = 1280;
const SCALES_WHEN_UNKNOWN = [4, 2, 1];

/** The lowest layer that fills a tile of so many device pixels. */
export function layerFor(tile: { width: number; height: number }, picture: SentPicture): number {
  const scales = picture.encodings?.map((it) => it.scaleResolutionDownBy ?? 1) ?? SCALES_WHEN_UNKNOWN;
  const width = picture.width ?? WIDTH_WHEN_UNKNOWN_PX;
  const height = picture.height ?? (width * 9) / 16;
  const wanted = Math.min(tile.width / width, tile.height / height) * ENOUGH;
  const layer = scales.findIndex((scale) => 1 / scale >= wanted);
  return layer === -1 ? Math.max(0, scales.length - 1) : layer;
}
