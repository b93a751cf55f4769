import {
  IconMaximize,
  IconMinimize,
  IconPictureInPicture,
  IconPictureInPictureOff,
  IconPlayerPauseFilled,
  IconPlayerPlayFilled,
  IconRewindBackward10,
  IconRewindForward10,
  IconVolume,
  IconVolume2,
  IconVolumeOff,
} from '@tabler/icons-react';
import { type ReactNode, type RefObject, useEffect, useState } from 'react';
import { elapsedInWords } from '../ui/elapsed.ts';
import { toggleFullScreen } from './full-screen.ts';
import type { Playback, PlaybackState } from './playback.ts';
import styles from './player.module.css';
import { SeekBar } from './seek-bar.tsx';

const RATES = [0.5, 1, 1.25, 1.5, 2];
const SKIP_SECONDS = 10;

interface Props {
  playback: Playback;
  state: PlaybackState;
  video: HTMLVideoElement;
  box: RefObject<HTMLElement | null>;
  audioOnly: boolean;
}

export function Controls({ playback, state, video, box, audioOnly }: Props) {
  const { phase, live, length } = state;
  const isPlaying = phase === 'playing';
  return (
    <div className={styles.controls}>
      <SeekBar playback={playback} state={state} />
      <div className={styles.row}>
        <Control label={isPlaying ? 'Pause' : 'Play'} shortcut="K" onClick={() => playback.toggle()}>
          {isPlaying ? <IconPlayerPauseFilled aria-hidden /> : <IconPlayerPlayFilled aria-hidden />}
        </Control>
        <Control label="Back 10 seconds" shortcut="J" wide onClick={() => playback.skip(-SKIP_SECONDS)}>
          <IconRewindBackward10 aria-hidden />
        </Control>
        <Control label="Forward 10 seconds" shortcut="L" wide onClick={() => playback.skip(SKIP_SECONDS)}>
          <IconRewindForward10 aria-hidden />
        </Control>
        <Volume playback={playback} state={state} />
        {live ? <LiveTime playback={playback} state={state} /> : <Time state={state} />}
        <span className={styles.space} />
        {!live && length > 0 && <Rate playback={playback} state={state} />}
        {!audioOnly && <PictureInPicture video={video} />}
        <FullScreen box={box} />
      </div>
    </div>
  );
}

function Control(props: {
  label: string;
  shortcut?: string;
  pressed?: boolean;
  /** Left out where there is little room; keys and the bar do the same. */
  wide?: boolean;
  onClick: () => void;
  children: ReactNode;
}) {
  const { label, shortcut, pressed, wide, onClick, children } = props;
  return (
    <button
      type="button"
      className={styles.control}
      aria-label={label}
      title={shortcut ? `${label} (${shortcut})` : label}
      aria-keyshortcuts={shortcut?.toLowerCase()}
      aria-pressed={pressed}
      data-wide={wide || undefined}
      onClick={onClick}
    >
      {children}
    </button>
  );
}

function Volume({ playback, state: { muted, volume } }: Pick<Props, 'playback' | 'state'>) {
  const level = muted ? 0 : volume;
  const Icon = level === 0 ? IconVolumeOff : level < 0.5 ? IconVolume2 : IconVolume;
  return (
    <span className={styles.volume}>
      <Control label={muted ? 'Sound on' : 'Sound off'} shortcut="M" onClick={() => playback.setMuted(!muted)}>
        <Icon aria-hidden />
      </Control>
      <input
        type="range"
        className={styles.range}
        aria-label="Volume"
        aria-valuetext={`${Math.round(level * 100)} %`}
        min={0}
        max={1}
        step={0.05}
        value={level}
        style={{ '--part': `${level * 100}%` } as React.CSSProperties}
        onChange={({ target }) => playback.setVolume(Number(target.value))}
      />
    </span>
  );
}

function Time({ state: { position, length } }: Pick<Props, 'state'>) {
  return (
    <span className={styles.time}>
      <span className="only-read">Position </span>
      {elapsedInWords(position * 1000)}
      <span className={styles.of}> / {elapsedInWords(length * 1000)}</span>
    </span>
  );
}

/** How long it has gone on for, or how far behind one is, and the way to what is newest. */
function LiveTime({ playback, state: { atEdge, position, length } }: Pick<Props, 'playback' | 'state'>) {
  const behind = elapsedInWords((length - position) * 1000);
  return (
    <>
      <button
        type="button"
        className={styles.live}
        data-at-edge={atEdge || undefined}
        aria-label={atEdge ? 'Live' : `Go to live, ${behind} behind`}
        title={atEdge ? 'This is live' : 'Go to live'}
        onClick={() => playback.goLive()}
      >
        <span className={styles.dot} aria-hidden />
        LIVE
      </button>
      <span className={styles.time}>{atEdge ? elapsedInWords(position * 1000) : `-${behind}`}</span>
    </>
  );
}

function Rate({ playback, state: { rate } }: Pick<Props, 'playback' | 'state'>) {
  return (
    <label className={styles.rate} title="Speed">
      <span className="only-read">Speed</span>
      <select value={rate} onChange={({ target }) => playback.setRate(Number(target.value))}>
        {RATES.map((it) => (
          <option key={it} value={it}>
            {it}×
          </option>
        ))}
      </select>
    </label>
  );
}

function PictureInPicture({ video }: { video: HTMLVideoElement }) {
  const [inside, setInside] = useState(false);
  useEffect(() => {
    const enter = () => setInside(true);
    const leave = () => setInside(false);
    video.addEventListener('enterpictureinpicture', enter);
    video.addEventListener('leavepictureinpicture', leave);
    return () => {
      video.removeEventListener('enterpictureinpicture', enter);
      video.removeEventListener('leavepictureinpicture', leave);
    };
  }, [video]);
  if (!document.pictureInPictureEnabled) return null;
  const toggle = () => {
    const done = inside ? document.exitPictureInPicture() : video.requestPictureInPicture();
    done.catch(() => undefined);
  };
  return (
    <Control label={inside ? 'Leave picture in picture' : 'Picture in picture'} pressed={inside} onClick={toggle}>
      {inside ? <IconPictureInPictureOff aria-hidden /> : <IconPictureInPicture aria-hidden />}
    </Control>
  );
}

function FullScreen({ box }: { box: RefObject<HTMLElement | null> }) {
  const [full, setFull] = useState(false);
  useEffect(() => {
    const look = () => setFull(document.fullscreenElement === box.current);
    document.addEventListener('fullscreenchange', look);
    return () => document.removeEventListener('fullscreenchange', look);
  }, [box]);
  return (
    <Control
      label={full ? 'Leave full screen' : 'Full screen'}
      shortcut="F"
      onClick={() => toggleFullScreen(box.current)}
    >
      {full ? <IconMinimize aria-hidden /> : <IconMaximize aria-hidden />}
    </Control>
  );
}
