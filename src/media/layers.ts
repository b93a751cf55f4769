// What is known of the layers of a picture from how its sender announced it.
import type { Producer, RtpEncodingParameters } from 'mediasoup/types';

/** Largest side that a sender is believed, in pixels. */
const MAX_SIDE = 16_384;

/** By how much each layer is smaller than the picture itself, lowest layer first. */
export function layerScales(encodings: readonly RtpEncodingParameters[] = []): number[] {
  return encodings.length > 1 ? encodings.map(scaleOf) : svcScales(encodings[0]?.scalabilityMode);
}

/** Shorter side of each layer in pixels, lowest layer first; empty where the sender did not say how large it is. */
export function layerHeights({ appData, rtpParameters }: Pick<Producer, 'appData' | 'rtpParameters'>): number[] {
  const shorter = Math.min(side(appData.width), side(appData.height));
  if (!Number.isFinite(shorter)) return [];
  return layerScales(rtpParameters.encodings).map((scale) => Math.round(shorter / scale));
}

/** SDKs send width and height of cameras beside the stream; other clients may send anything. */
function side(value: unknown): number {
  return typeof value === 'number' && value >= 1 && value <= MAX_SIDE ? value : Number.NaN;
}

function scaleOf(encoding: object, index: number, all: readonly object[]): number {
  const { scaleResolutionDownBy } = encoding as { scaleResolutionDownBy?: number };
  return scaleResolutionDownBy ?? 2 ** (all.length - 1 - index);
}

/** `L3T3` has three spatial layers, each twice as large as the one below. */
function svcScales(mode = 'L1'): number[] {
  const layers = Number(/^[LS](\d)/.exec(mode)?.[1] ?? 1);
  return Array.from({ length: layers }, (_, index) => 2 ** (layers - 1 - index));
}
