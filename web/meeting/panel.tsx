import { IconX } from '@tabler/icons-react';
import type { ReactNode } from 'react';
import styles from './call.module.css';

/** The column beside the pictures; on a narrow window it covers them. */
export function PanelFrame({ title, onClose, children }: { title: string; onClose: () => void; children: ReactNode }) {
  return (
    <aside className={styles.panel} aria-label={title}>
      <div className={styles.panelHead}>
        <h2>{title}</h2>
        <button type="button" className={styles.icon} aria-label={`Close ${title.toLowerCase()}`} onClick={onClose}>
          <IconX size={20} aria-hidden />
        </button>
      </div>
      {children}
    </aside>
  );
}
