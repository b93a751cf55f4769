import { IconX } from '@tabler/icons-react';
import { useEffect, useRef } from 'react';
import type { LocalMedia } from '../client/local-media.ts';
import styles from './call.module.css';
import { DevicePicker } from './device-picker.tsx';

/** Which devices are used, in a dialog of the browser's own: focus stays inside, Esc closes. */
export function Settings({ media, onClose }: { media: LocalMedia; onClose: () => void }) {
  const dialog = useRef<HTMLDialogElement>(null);
  useEffect(() => dialog.current?.showModal(), []);
  return (
    <dialog ref={dialog} className={styles.dialog} aria-labelledby="devices" onClose={onClose}>
      <div className={styles.panelHead}>
        <h2 id="devices">Devices</h2>
        <button
          type="button"
          className={styles.icon}
          aria-label="Close devices"
          onClick={() => dialog.current?.close()}
        >
          <IconX size={20} aria-hidden />
        </button>
      </div>
      <DevicePicker media={media} />
    </dialog>
  );
}
