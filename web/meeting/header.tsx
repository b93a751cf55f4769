import { IconBroadcast, IconPlayerRecordFilled, IconUsers } from '@tabler/icons-react';
import { useState } from 'react';
import { isRunning, type MeetingState, type Output, type OutputKind } from '../client/meeting-state.ts';
import { elapsedInWords } from '../ui/elapsed.ts';
import { Mark } from '../ui/mark.tsx';
import styles from './call.module.css';
import { useNow } from './hooks.ts';

/** Which meeting this is, how long it has lasted for oneself, and what of it goes out. */
export function Header({ roomId, state }: { roomId: string; state: MeetingState }) {
  const { outputs, participants } = state;
  return (
    <header className={styles.header}>
      <span className={styles.brand}>
        <Mark size={24} />
      </span>
      <h1 className={styles.title}>{roomId}</h1>
      <Clock />
      <span className={styles.badges}>
        {outputs.filter(isRunning).map((output) => (
          <OutputBadge key={output.id} output={output} />
        ))}
        <span className={styles.badge}>
          <IconUsers size={16} aria-hidden />
          {participants.length}
          <span className="only-read">in the meeting</span>
        </span>
      </span>
    </header>
  );
}

function Clock() {
  const [start] = useState(Date.now);
  return (
    <time className={styles.clock}>
      <span className="only-read">Time in the meeting: </span>
      {elapsedInWords(useNow() - start)}
    </time>
  );
}

const BADGES: Record<OutputKind, { word: string; Icon: typeof IconBroadcast }> = {
  recording: { word: 'REC', Icon: IconPlayerRecordFilled },
  hls: { word: 'LIVE', Icon: IconBroadcast },
  livestream: { word: 'STREAM', Icon: IconBroadcast },
};

function OutputBadge({ output: { kind, status, since } }: { output: Output }) {
  const { word, Icon } = BADGES[kind];
  const now = useNow();
  return (
    <span className={styles.badge} data-live={status === 'STARTED' || undefined}>
      <Icon size={14} aria-hidden />
      {word}{' '}
      <span className={styles.badgeTime}>
        {status === 'STARTED' && since ? elapsedInWords(now - since.getTime()) : `${status.toLowerCase()}…`}
      </span>
    </span>
  );
}
