import {
  IconAlertTriangle,
  IconMicrophone,
  IconMicrophoneOff,
  IconVideo,
  IconVideoOff,
  type TablerIcon,
} from '@tabler/icons-react';
import { type FormEvent, useEffect, useRef, useState } from 'react';
import { measureLevel } from '../client/level.ts';
import type { LocalMedia, Source, SourceState } from '../client/local-media.ts';
import frame from '../ui/frame.module.css';
import { Mark } from '../ui/mark.tsx';
import { useObservable } from '../ui/use-observable.ts';
import { Avatar } from './avatar.tsx';
import { DevicePicker } from './device-picker.tsx';
import styles from './entry.module.css';
import { usePlayback } from './hooks.ts';
import { problemInWords } from './words.ts';

const NAME_KEPT_AS = 'roomful.name';
const MAX_NAME = 80;

interface Props {
  roomId: string;
  media: LocalMedia;
  proposedName: string | undefined;
  onJoin: (name: string) => void;
}

/** What others are going to see and hear, and under which name. */
export function PreJoin({ roomId, media, proposedName, onJoin }: Props) {
  const { mic, camera } = useObservable(media.state);
  const [name, setName] = useState(proposedName ?? keptName());

  useEffect(() => {
    void media.turn('mic', true);
    void media.turn('camera', true);
  }, [media]);

  const join = (event: FormEvent) => {
    event.preventDefault();
    keepName(name.trim());
    onJoin(name.trim());
  };

  return (
    <main className={frame.page}>
      <div className={styles.split}>
        <section aria-label="Preview">
          <Preview media={media} name={name} />
          <Problems mic={mic} camera={camera} />
        </section>
        <form className={styles.form} onSubmit={join}>
          <Mark />
          <div>
            <h1>Ready to join?</h1>
            <p className={styles.room}>
              Meeting <b>{roomId}</b>
            </p>
          </div>
          <label className={styles.field}>
            Your name
            <input
              value={name}
              onChange={(event) => setName(event.target.value)}
              maxLength={MAX_NAME}
              required
              autoComplete="name"
              placeholder="As others will see it"
            />
          </label>
          <DevicePicker media={media} />
          <button type="submit" className={frame.primary} disabled={name.trim() === ''}>
            Join the meeting
          </button>
        </form>
      </div>
    </main>
  );
}

function Preview({ media, name }: { media: LocalMedia; name: string }) {
  const { mic, camera } = useObservable(media.state);
  const video = usePlayback(camera.track);
  return (
    <div className={styles.preview}>
      {camera.track ? (
        <video ref={video} className={styles.mirrored} muted playsInline autoPlay aria-label="Your camera" />
      ) : (
        <div className={styles.off}>
          <Avatar id="me" name={name} size={88} />
          <span>{camera.starting ? 'Your camera is starting…' : 'Your camera is off'}</span>
        </div>
      )}
      <div className={styles.switches}>
        <Switch media={media} source="mic" state={mic} icons={[IconMicrophone, IconMicrophoneOff]} />
        <Switch media={media} source="camera" state={camera} icons={[IconVideo, IconVideoOff]} />
      </div>
      {mic.track && <LevelMeter track={mic.track} />}
    </div>
  );
}

function Switch(props: { media: LocalMedia; source: Source; state: SourceState; icons: [TablerIcon, TablerIcon] }) {
  const { media, source, state, icons } = props;
  const Icon = state.on ? icons[0] : icons[1];
  const what = source === 'mic' ? 'microphone' : 'camera';
  return (
    <button
      type="button"
      className={styles.switch}
      data-off={!state.on || undefined}
      aria-label={`Turn ${what} ${state.on ? 'off' : 'on'}`}
      onClick={() => void media.turn(source, !state.on)}
    >
      <Icon size={22} aria-hidden />
    </button>
  );
}

/** Moves by style alone: fifteen renders a second would be a waste. */
function LevelMeter({ track }: { track: MediaStreamTrack }) {
  const bar = useRef<HTMLDivElement>(null);
  useEffect(
    () => measureLevel(track, (level) => bar.current?.style.setProperty('transform', `scaleX(${level})`)),
    [track],
  );
  return (
    <div className={styles.meter} role="img" aria-label="Your microphone is heard">
      <div ref={bar} />
    </div>
  );
}

function Problems({ mic, camera }: { mic: SourceState; camera: SourceState }) {
  const problems = (['mic', 'camera'] as const).flatMap((source) => {
    const { problem } = source === 'mic' ? mic : camera;
    return problem ? [problemInWords(source, problem)] : [];
  });
  return (
    <div aria-live="polite" className={styles.problems}>
      {problems.map(({ title, help }) => (
        <div key={title} className={styles.problem}>
          <IconAlertTriangle size={20} aria-hidden />
          <div>
            <b>{title}</b>
            <span>{help}</span>
          </div>
        </div>
      ))}
    </div>
  );
}

// Some browsers refuse storage to private windows.
function keptName(): string {
  try {
    return localStorage.getItem(NAME_KEPT_AS) ?? '';
  } catch {
    return '';
  }
}

function keepName(name: string): void {
  try {
    localStorage.setItem(NAME_KEPT_AS, name);
  } catch {
    // It is asked again next time.
  }
}
