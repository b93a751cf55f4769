import { type PointerEvent, useState } from 'react';
import { elapsedInWords } from '../ui/elapsed.ts';
import type { Playback, PlaybackState } from './playback.ts';
import styles from './player.module.css';

const STEP_SECONDS = 5;

/** Where one is in all that can be played; for a live stream, its right end is now. */
export function SeekBar({ playback, state }: { playback: Playback; state: PlaybackState }) {
  const { position, length, live, atEdge } = state;
  const [dragged, setDragged] = useState<number>();
  const [hovered, setHovered] = useState<{ left: number; at: number }>();
  const shown = dragged ?? (atEdge ? length : position);
  const words = (at: number) =>
    live
      ? `${elapsedInWords((length - at) * 1000)} behind live`
      : `${elapsedInWords(at * 1000)} of ${elapsedInWords(length * 1000)}`;
  const drop = () => {
    if (dragged === undefined) return;
    playback.seek(dragged);
    setDragged(undefined);
  };
  const hover = ({ currentTarget, clientX, pointerType }: PointerEvent<HTMLInputElement>) => {
    if (pointerType === 'touch' || length === 0) return;
    const { left, width } = currentTarget.getBoundingClientRect();
    const part = Math.max(0, Math.min(1, (clientX - left) / width));
    setHovered({ left: part * 100, at: part * length });
  };
  return (
    <div className={styles.seek}>
      {hovered && (
        <output
          className={styles.preview}
          style={{ left: `clamp(2rem, ${hovered.left}%, calc(100% - 2rem))` }}
          aria-hidden
        >
          {live ? `-${elapsedInWords((length - hovered.at) * 1000)}` : elapsedInWords(hovered.at * 1000)}
        </output>
      )}
      <input
        type="range"
        className={styles.range}
        aria-label="Position"
        aria-valuetext={live && atEdge ? 'Live' : words(shown)}
        min={0}
        max={Math.max(length, 0.01)}
        step="any"
        value={shown}
        disabled={length === 0}
        data-live={(live && atEdge) || undefined}
        style={{ '--part': `${length > 0 ? Math.min(100, (shown / length) * 100) : 0}%` } as React.CSSProperties}
        onChange={({ target }) => setDragged(Number(target.value))}
        onPointerUp={drop}
        onPointerMove={hover}
        onPointerLeave={() => setHovered(undefined)}
        onBlur={drop}
        onKeyDown={(event) => {
          const step = {
            ArrowLeft: -STEP_SECONDS,
            ArrowRight: STEP_SECONDS,
            ArrowDown: -STEP_SECONDS,
            ArrowUp: STEP_SECONDS,
          }[event.key];
          if (step !== undefined) playback.skip(step);
          else if (event.key === 'Home') playback.seek(0);
          else if (event.key === 'End') playback.goLive();
          else return;
          event.preventDefault();
          event.stopPropagation();
        }}
      />
    </div>
  );
}
