import { IconRefresh } from '@tabler/icons-react';
import type { LeaveReason } from '../../src/protocol/signaling.ts';
import styles from '../ui/frame.module.css';
import { Message } from '../ui/message.tsx';
import { leavingInWords } from './words.ts';

/** Why it is over, and the way back where there is one. */
export function Left({ reason, onRejoin }: { reason: LeaveReason; onRejoin: () => void }) {
  const { title, text, mayRejoin } = leavingInWords(reason);
  return (
    <Message title={title} text={text}>
      {mayRejoin && (
        <button type="button" className={styles.primary} onClick={onRejoin}>
          <IconRefresh size={20} aria-hidden />
          Rejoin
        </button>
      )}
    </Message>
  );
}
