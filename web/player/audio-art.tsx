import styles from './player.module.css';

const BARS = [0.35, 0.6, 0.85, 0.55, 1, 0.7, 0.9, 0.5, 0.75, 0.4];

/** In the place of a picture where there is sound alone. */
export function AudioArt({ title, playing }: { title: string; playing: boolean }) {
  return (
    <div className={styles.art} aria-hidden data-playing={playing || undefined}>
      <span className={styles.bars}>
        {BARS.map((height) => (
          <span key={height} style={{ height: `${height * 100}%`, animationDelay: `${-height * 1.7}s` }} />
        ))}
      </span>
      <span className={styles.artTitle}>{title}</span>
      <span className={styles.artNote}>Sound only</span>
    </div>
  );
}
