import type { ReactNode } from 'react';
import { Mark } from '../ui/mark.tsx';
import styles from './entry.module.css';

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
