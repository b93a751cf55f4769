import { IconBroadcast, IconPlayerRecordFilled, IconUsers } from '@tabler/icons-react';
import { useState } from 'react';
import type { MeetingState, Output } from '../client/meeting-state.ts';
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
        <OutputBadge output={outputs.recording} word="REC" Icon={IconPlayerRecordFilled} />
        <OutputBadge output={outputs.hls} word="LIVE" Icon={IconBroadcast} />
        <OutputBadge output={outputs.livestream} word="STREAM" Icon={IconBroadcast} />
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

function OutputBadge(props: { output: Output | undefined; word: string; Icon: typeof IconBroadcast }) {
  const { output, word, Icon } = props;
  const now = useNow();
  if (!output || output.status === 'STOPPED') return null;
  return (
    <span className={styles.badge} data-live={output.status === 'STARTED' || undefined}>
      <Icon size={14} aria-hidden />
      {word} {output.since ? elapsedInWords(now - output.since.getTime()) : `${output.status.toLowerCase()}…`}
    </span>
  );
}
