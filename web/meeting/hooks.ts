import { type RefCallback, useCallback, useEffect, useRef, useState } from 'react';
import type { Meeting } from '../client/meeting.ts';
import type { Size } from './layout.ts';

/** The inner size of an element, as it changes. */
export function useSize(): [RefCallback<HTMLElement>, Size] {
  const [size, setSize] = useState<Size>({ width: 0, height: 0 });
  const ref = useCallback((element: HTMLElement | null) => {
    if (!element) return;
    const observer = new ResizeObserver(([entry]) => {
      if (entry) setSize({ width: entry.contentRect.width, height: entry.contentRect.height });
    });
    observer.observe(element);
    return () => observer.disconnect();
  }, []);
  return [ref, size];
}

/** Plays a track in an element, and takes it out again. */
export function usePlayback(track: MediaStreamTrack | undefined, onBlocked?: () => void) {
  return useCallback(
    (element: HTMLMediaElement | null) => {
      if (!element || !track) return;
      element.srcObject = new MediaStream([track]);
      element.play().catch((error: DOMException) => {
        if (error.name === 'NotAllowedError') onBlocked?.();
      });
      return () => {
        element.srcObject = null;
      };
    },
    [track, onBlocked],
  );
}

/** Tells the meeting at which size somebody's picture is on the screen, so that no more than that is sent. */
export function useShown(meeting: Meeting, id: string, kind: 'video' | 'share', enabled: boolean) {
  return useCallback(
    (element: HTMLElement | null) => {
      if (!element || !enabled) return;
      let visible = true;
      const tell = () => {
        const scale = window.devicePixelRatio;
        const size = { width: element.clientWidth * scale, height: element.clientHeight * scale };
        meeting.show(id, kind, visible && !document.hidden ? size : undefined);
      };
      const resizes = new ResizeObserver(tell);
      const intersections = new IntersectionObserver(([entry]) => {
        visible = entry?.isIntersecting ?? true;
        tell();
      });
      resizes.observe(element);
      intersections.observe(element);
      document.addEventListener('visibilitychange', tell);
      return () => {
        resizes.disconnect();
        intersections.disconnect();
        document.removeEventListener('visibilitychange', tell);
        meeting.show(id, kind, undefined);
      };
    },
    [meeting, id, kind, enabled],
  );
}

/** Single keys, unless somebody writes or a dialog is open. */
export function useShortcuts(shortcuts: Record<string, () => void>): void {
  const latest = useRef(shortcuts);
  latest.current = shortcuts;
  useEffect(() => {
    const onKey = (event: KeyboardEvent) => {
      const { target, key, ctrlKey, metaKey, altKey, repeat } = event;
      if (ctrlKey || metaKey || altKey || repeat || document.querySelector('dialog[open]')) return;
      const writing = target instanceof HTMLElement && target.closest('input, textarea, select, [contenteditable]');
      if (writing && key !== 'Escape') return;
      const action = latest.current[key.toLowerCase()];
      if (!action) return;
      event.preventDefault();
      action();
    };
    document.addEventListener('keydown', onKey);
    return () => document.removeEventListener('keydown', onKey);
  }, []);
}

/** The time, every second, for clocks. */
export function useNow(): number {
  const [now, setNow] = useState(Date.now);
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), 1_000);
    return () => clearInterval(timer);
  }, []);
  return now;
}
