import { IconArrowBackUp, IconLoader2, IconPlayerPlayFilled, IconRefresh, IconVolumeOff } from '@tabler/icons-react';
import { type KeyboardEvent, useCallback, useEffect, useRef, useState } from 'react';
import { useObservable } from '../ui/use-observable.ts';
import { AudioArt } from './audio-art.tsx';
import { Controls } from './controls.tsx';
import type { Source } from './engine.ts';
import { toggleFullScreen } from './full-screen.ts';
import { onKey } from './keys.ts';
import { Playback, type PlaybackState } from './playback.ts';
import styles from './player.module.css';
import { useIdle } from './use-idle.ts';

export interface PlayerProps {
  source: Source;
  /** What is played, for those who cannot see it. */
  title: string;
  audioOnly?: boolean;
  portrait?: boolean;
  autoplay?: boolean;
  /** Keys work wherever the focus is on the page, since there is nothing else on it. */
  ownsPage?: boolean;
  /** The stream has ended, or something stands in its way. */
  onInterrupted?: () => void;
}

/** A video with controls of our own. Another source is another playing, from its beginning. */
export function Player(props: PlayerProps) {
  const { source } = props;
  return <Loaded key={source.kind === 'file' ? source.url : source.playbackUrl} {...props} />;
}

function Loaded({ source, autoplay = false, onInterrupted, ...look }: PlayerProps) {
  const [video, setVideo] = useState<HTMLVideoElement | null>(null);
  const [playback, setPlayback] = useState<Playback>();
  const [attempt, setAttempt] = useState(0);
  const still = useRef<HTMLCanvasElement>(null);
  const latest = useRef({ source, autoplay, onInterrupted });
  latest.current.onInterrupted = onInterrupted;

  useEffect(() => {
    if (!video) return;
    const opened = new Playback(video, latest.current.source, {
      autoplay: latest.current.autoplay || attempt > 0,
      onLeaving: () => keepPicture(video, still.current),
      onInterrupted: () => latest.current.onInterrupted?.(),
    });
    setPlayback(opened);
    return () => opened.close();
  }, [video, attempt]);

  return (
    <Screen {...look} playback={playback} video={video} onRetry={() => setAttempt(attempt + 1)}>
      {/* biome-ignore lint/a11y/useMediaCaption: what was said in a meeting has no captions */}
      <video ref={setVideo} className={styles.video} playsInline preload="metadata" aria-label={look.title} />
      <canvas ref={still} className={styles.still} aria-hidden />
    </Screen>
  );
}

interface ScreenProps extends Omit<PlayerProps, 'source' | 'autoplay' | 'onInterrupted'> {
  playback: Playback | undefined;
  video: HTMLVideoElement | null;
  onRetry: () => void;
  children: React.ReactNode;
}

/** The frame: picture, what is said over it, and the controls. */
function Screen({ playback, video, title, audioOnly, portrait, ownsPage, onRetry, children }: ScreenProps) {
  const box = useRef<HTMLElement>(null);
  const shape = { 'data-portrait': portrait || undefined, 'data-audio': audioOnly || undefined };
  const keys = useKeys(playback, box, ownsPage ?? false);
  return (
    <section ref={box} className={styles.player} aria-label={`Player: ${title}`} onKeyDown={keys} {...shape}>
      {children}
      {playback && video && <Over {...{ playback, video, box, title, onRetry }} audioOnly={audioOnly ?? false} />}
    </section>
  );
}

interface OverProps {
  playback: Playback;
  video: HTMLVideoElement;
  box: React.RefObject<HTMLElement | null>;
  title: string;
  audioOnly: boolean;
  onRetry: () => void;
}

function Over({ playback, video, box, title, audioOnly, onRetry }: OverProps) {
  const state = useObservable(playback.state);
  const isIdle = useIdle(box, state.phase === 'playing' && !audioOnly);
  const justWoken = useRef(false);
  useEffect(() => {
    if (box.current) box.current.dataset.idle = String(isIdle);
  }, [box, isIdle]);
  return (
    <>
      {audioOnly && <AudioArt title={title} playing={state.phase === 'playing' && !state.buffering} />}
      {/* Keys and the button below do the same for those without a pointer. */}
      <div
        className={styles.surface}
        onPointerDownCapture={({ pointerType }) => {
          justWoken.current = pointerType === 'touch' && isIdle;
        }}
        // A finger cannot point at controls that are not there: the first touch only shows them.
        onClick={() => justWoken.current || playback.toggle()}
        onDoubleClick={() => toggleFullScreen(box.current)}
        aria-hidden
      />
      <Message {...{ state, playback, onRetry }} />
      {!state.failed && <Controls {...{ playback, state, video, box, audioOnly }} />}
    </>
  );
}

/** What is in the middle: why nothing moves, and what to do about it. */
function Message({ state, playback, onRetry }: { state: PlaybackState; playback: Playback; onRetry: () => void }) {
  const { phase, buffering, trouble, failed, silenced } = state;
  if (failed) {
    return (
      <div className={styles.failed} role="alert">
        <p>{trouble}</p>
        <button type="button" className={styles.pill} onClick={onRetry}>
          <IconRefresh size={18} aria-hidden />
          Try again
        </button>
      </div>
    );
  }
  return (
    <>
      <div className={styles.middle} aria-live="polite">
        {(phase === 'loading' || buffering || trouble) && (
          <span className={styles.waiting}>
            <IconLoader2 size={44} aria-hidden className={styles.spin} />
            <span className={trouble ? undefined : 'only-read'}>{trouble ?? 'Loading'}</span>
          </span>
        )}
      </div>
      {phase === 'paused' && !buffering && !trouble && (
        <button type="button" className={styles.large} aria-label="Play" onClick={() => playback.play()}>
          <IconPlayerPlayFilled size={34} aria-hidden />
        </button>
      )}
      {phase === 'ended' && (
        <button type="button" className={styles.pill} data-middle onClick={() => playback.play()}>
          <IconArrowBackUp size={20} aria-hidden />
          Play from the beginning
        </button>
      )}
      {silenced && (
        <button type="button" className={styles.pill} data-top onClick={() => playback.setMuted(false)}>
          <IconVolumeOff size={20} aria-hidden />
          Turn the sound on
        </button>
      )}
    </>
  );
}

function useKeys(playback: Playback | undefined, box: React.RefObject<HTMLElement | null>, ownsPage: boolean) {
  const press = useCallback(
    (event: KeyboardEvent | globalThis.KeyboardEvent) => {
      if (playback && onKey(event, playback, () => toggleFullScreen(box.current))) event.preventDefault();
    },
    [playback, box],
  );
  useEffect(() => {
    if (!ownsPage) return;
    document.addEventListener('keydown', press);
    return () => document.removeEventListener('keydown', press);
  }, [ownsPage, press]);
  return ownsPage ? undefined : press;
}

/** Keeps what is seen until the next source has a picture. */
function keepPicture(video: HTMLVideoElement, canvas: HTMLCanvasElement | null): void {
  if (!canvas || video.videoWidth === 0) return;
  canvas.width = video.videoWidth;
  canvas.height = video.videoHeight;
  canvas.getContext('2d')?.drawImage(video, 0, 0);
  canvas.dataset.shown = 'true';
  video.addEventListener('loadeddata', () => delete canvas.dataset.shown, { once: true });
}
