import type { ReactNode } from 'react';
import styles from './frame.module.css';
import { Mark } from './mark.tsx';

/** A page that only says something. */
export function Message({ title, text, children }: { title: string; text: string; children?: ReactNode }) {
  return (
    <main className={styles.page}>
      <section className={styles.card} aria-live="polite">
        <Mark />
        <h1>{title}</h1>
        <p>{text}</p>
        {children}
      </section>
    </main>
  );
}
