// How a session is composed into one picture and one sound: the settings of recordings, HLS and livestreams.

export interface CompositionConfig {
  layout: { type: 'GRID' | 'SPOTLIGHT' | 'SIDEBAR'; priority: 'SPEAKER' | 'PIN'; gridSize: number };
  theme: 'DARK' | 'LIGHT' | 'DEFAULT';
  mode: 'video-and-audio' | 'audio';
  quality: 'low' | 'med' | 'high';
  orientation: 'landscape' | 'portrait';
  /** A page that is filmed instead of composing the picture from the layout. */
  templateUrl: string | null;
}

/** Pixels of the canvas, by quality, in landscape; portrait swaps them. */
export const CANVAS = {
  low: { width: 854, height: 480 },
  med: { width: 1280, height: 720 },
  high: { width: 1920, height: 1080 },
} as const;

export const FRAME_RATE = 30;

export function canvasSize({ quality, orientation }: CompositionConfig): { width: number; height: number } {
  const { width, height } = CANVAS[quality];
  return orientation === 'portrait' ? { width: height, height: width } : { width, height };
}
