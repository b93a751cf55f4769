import {
  IconAntennaBars2,
  IconAntennaBars4,
  IconArrowsMaximize,
  IconArrowsMinimize,
  IconHandStop,
  IconMicrophoneOff,
  IconPin,
} from '@tabler/icons-react';
import { memo } from 'react';
import type { Meeting } from '../client/meeting.ts';
import type { Participant } from '../client/meeting-state.ts';
import { Avatar } from './avatar.tsx';
import styles from './call.module.css';
import { usePlayback, useShown } from './hooks.ts';
import { QUALITY_IN_WORDS } from './words.ts';

interface Props {
  meeting: Meeting;
  participant: Participant;
  kind: 'video' | 'share';
  speaking: boolean;
  handRaised: boolean;
  pinned: boolean;
  enlarged: boolean;
  onEnlarge: (id: string | undefined) => void;
  large?: boolean;
}

/** One person's camera, or their screen. */
export const Tile = memo(function Tile(props: Props) {
  const { meeting, participant, kind, speaking, handRaised, pinned, enlarged, onEnlarge, large = false } = props;
  const { id, name, isMe, on, streams, quality } = participant;
  const track = streams[kind]?.track;
  const video = usePlayback(track);
  const shown = useShown(meeting, id, kind, !isMe);
  const isScreen = kind === 'share';
  const words = [
    isScreen ? `${name}, shared screen` : name,
    !isScreen && !on.audio && 'microphone off',
    handRaised && 'hand raised',
    quality !== 'good' && QUALITY_IN_WORDS[quality],
  ];
  return (
    <figure
      ref={shown}
      className={styles.tile}
      data-participant={id}
      data-kind={kind}
      data-speaking={(speaking && !isScreen) || undefined}
      data-large={large || undefined}
      aria-label={words.filter(Boolean).join(', ')}
    >
      {track ? (
        <video
          ref={video}
          muted
          playsInline
          autoPlay
          className={isScreen ? styles.screen : isMe ? styles.mirrored : undefined}
        />
      ) : (
        <Avatar id={id} name={name} size={large ? 120 : 64} />
      )}
      <figcaption className={styles.caption} aria-hidden>
        {!isScreen && !on.audio && <IconMicrophoneOff size={16} className={styles.muted} />}
        {pinned && <IconPin size={16} />}
        <span>{isScreen ? `${isMe ? 'Your' : `${name}’s`} screen` : isMe ? `${name} (you)` : name}</span>
        {quality === 'fair' && <IconAntennaBars4 size={16} className={styles.fair} />}
        {quality === 'poor' && <IconAntennaBars2 size={16} className={styles.poor} />}
      </figcaption>
      {handRaised && !isScreen && (
        <span className={styles.hand} aria-hidden>
          <IconHandStop size={20} />
        </span>
      )}
      {!isScreen && (
        <button
          type="button"
          className={styles.enlarge}
          aria-label={enlarged ? `Back to normal size: ${name}` : `Enlarge ${name}`}
          title={enlarged ? 'Back to normal size' : 'Enlarge'}
          onClick={() => onEnlarge(enlarged ? undefined : id)}
        >
          {enlarged ? <IconArrowsMinimize size={18} aria-hidden /> : <IconArrowsMaximize size={18} aria-hidden />}
        </button>
      )}
    </figure>
  );
});
