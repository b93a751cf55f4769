import styles from './avatar.module.css';
import { colourIndexOf, initialsOf } from './words.ts';

/** Each dark enough for white letters. */
const COLOURS = ['#3b5bdb', '#0b7285', '#2b8a3e', '#a61e4d', '#862e9c', '#b3460b', '#5f3dc4', '#495057'];

export function Avatar({ id, name, size }: { id: string; name: string; size: number }) {
  const background = COLOURS[colourIndexOf(id, COLOURS.length)];
  return (
    <span className={styles.avatar} style={{ width: size, height: size, fontSize: size * 0.4, background }} aria-hidden>
      {initialsOf(name)}
    </span>
  );
}
