// What a composition shows and lets hear: a meeting that is composed here, or a page that is filmed.
import type { WantedStream } from '../ipc.ts';
import type { ColourMatrix } from './picture/colour.ts';
import type { Painted } from './picture/sheet.ts';
import type { Blame } from './sinks/sink.ts';
import type { Mixer } from './sound/mixer.ts';

/** What every scene is given. Times are in milliseconds of one clock that never jumps, near the wall's. */
export interface Stage {
  /** Pixels of the canvas; nothing when only sound is composed. */
  size: { width: number; height: number } | undefined;
  mixer: Mixer;
  /** When position 0 of the mixer was. */
  beganAtMs: number;
  nowMs(): number;
}

export interface SceneEvents {
  onWanted(streams: WantedStream[]): void;
  /** Nothing more will come; the composition is over. */
  onBroken(reason: string, blame: Blame): void;
  log(level: 'debug' | 'info' | 'warn' | 'error', msg: string, facts: Record<string, unknown>): void;
}

export interface Scene {
  /** Of its pictures, from the first one on. */
  readonly matrix: ColourMatrix;
  /** Called on every beat, whether anything is due or not. */
  poll(): void;
  /** Brings everything to a moment, given on the clock and in samples of the mixer. */
  advanceTo(timeMs: number, position: number): void;
  /** The picture of a moment that was advanced to; nothing when every canvas is still being encoded. */
  paint(timeMs: number): Painted | undefined;
  /** Facts worth a line in the log now and then. */
  facts(): Record<string, unknown>;
  close(): Promise<void>;
}
