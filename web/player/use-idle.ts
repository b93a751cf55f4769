import { type RefObject, useEffect, useState } from 'react';

const IDLE_MS = 2_800;

/** Whether nobody has moved in a box for a while, and no control in it has the focus. */
export function useIdle(box: RefObject<HTMLElement | null>, enabled: boolean): boolean {
  const [idle, setIdle] = useState(false);
  useEffect(() => {
    const element = box.current;
    setIdle(false);
    if (!element || !enabled) return;
    let timer: ReturnType<typeof setTimeout>;
    const rest = () => {
      if (element.querySelector(':focus-visible')) stir();
      else setIdle(true);
    };
    const stir = () => {
      setIdle(false);
      clearTimeout(timer);
      timer = setTimeout(rest, IDLE_MS);
    };
    const leave = () => {
      clearTimeout(timer);
      timer = setTimeout(rest, IDLE_MS / 4);
    };
    stir();
    const stirring = ['pointermove', 'pointerdown', 'keydown', 'focusin'];
    for (const name of stirring) element.addEventListener(name, stir);
    element.addEventListener('pointerleave', leave);
    return () => {
      clearTimeout(timer);
      for (const name of stirring) element.removeEventListener(name, stir);
      element.removeEventListener('pointerleave', leave);
    };
  }, [box, enabled]);
  return idle;
}
