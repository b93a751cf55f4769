// What keys do: those of the players people know.

const STEP_SECONDS = 5;
const LONG_STEP_SECONDS = 10;
const VOLUME_STEP = 0.1;

/** The part of a playback that keys act on. */
export interface KeyTarget {
  readonly state: { get(): { length: number; muted: boolean; volume: number } };
  toggle(): void;
  seek(position: number): void;
  skip(seconds: number): void;
  goLive(): void;
  setMuted(muted: boolean): void;
  setVolume(volume: number): void;
}

interface Press {
  key: string;
  ctrlKey: boolean;
  metaKey: boolean;
  altKey: boolean;
  target: EventTarget | null;
}

/** Does what a key stands for; false when it stands for nothing here. */
export function onKey(press: Press, playback: KeyTarget, fullScreen: () => void): boolean {
  const { key, ctrlKey, metaKey, altKey } = press;
  if (ctrlKey || metaKey || altKey || isTaken(press)) return false;
  const { length, muted, volume } = playback.state.get();
  if (/^\d$/.test(key)) {
    playback.seek((length * Number(key)) / 10);
    return true;
  }
  const actions: Record<string, () => void> = {
    ' ': () => playback.toggle(),
    k: () => playback.toggle(),
    arrowleft: () => playback.skip(-STEP_SECONDS),
    arrowright: () => playback.skip(STEP_SECONDS),
    j: () => playback.skip(-LONG_STEP_SECONDS),
    l: () => playback.skip(LONG_STEP_SECONDS),
    arrowup: () => playback.setVolume(volume + VOLUME_STEP),
    arrowdown: () => playback.setVolume(volume - VOLUME_STEP),
    m: () => playback.setMuted(!muted),
    home: () => playback.seek(0),
    end: () => playback.goLive(),
    f: fullScreen,
  };
  const action = actions[key.toLowerCase()];
  action?.();
  return action !== undefined;
}

/** What the element with the focus does itself with a key comes first. */
function isTaken({ key, target }: Press): boolean {
  const element = target as { closest?: (selector: string) => unknown } | null;
  const isIn = (selector: string) => Boolean(element?.closest?.(selector));
  if (isIn('input:not([type="range"]), textarea, select, [contenteditable]')) return true;
  if (isIn('input[type="range"]')) return /^(Arrow|Home|End|Page)/.test(key);
  return isIn('button, a') && (key === ' ' || key === 'Enter');
}
