import type { LocalMedia } from '../client/local-media.ts';
import { useObservable } from '../ui/use-observable.ts';
import styles from './entry.module.css';

/** Camera, microphone and, where the browser lets a page choose, the speaker. */
export function DevicePicker({ media }: { media: LocalMedia }) {
  const { mic, camera, speakerId, devices } = useObservable(media.state);
  const choices = [
    {
      kind: 'videoinput',
      label: 'Camera',
      chosen: camera.deviceId,
      choose: (id: string) => void media.select('camera', id),
    },
    {
      kind: 'audioinput',
      label: 'Microphone',
      chosen: mic.deviceId,
      choose: (id: string) => void media.select('mic', id),
    },
    { kind: 'audiooutput', label: 'Speaker', chosen: speakerId, choose: (id: string) => media.selectSpeaker(id) },
  ] as const;
  return (
    <div className={styles.devices}>
      {choices.map(({ kind, label, chosen, choose }) => {
        const ofKind = devices.filter((it) => it.kind === kind);
        if (kind === 'audiooutput' && (ofKind.length === 0 || !('setSinkId' in HTMLMediaElement.prototype)))
          return null;
        return (
          <label key={kind} className={styles.field}>
            {label}
            <select value={chosen} disabled={ofKind.length === 0} onChange={(event) => choose(event.target.value)}>
              {ofKind.length === 0 && <option value="">None found</option>}
              {ofKind.length > 0 && !ofKind.some((it) => it.id === chosen) && <option value={chosen}>Default</option>}
              {ofKind.map((it) => (
                <option key={it.id} value={it.id}>
                  {it.label}
                </option>
              ))}
            </select>
          </label>
        );
      })}
    </div>
  );
}
