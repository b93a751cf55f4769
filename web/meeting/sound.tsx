import { IconVolume } from '@tabler/icons-react';
import { useCallback, useEffect, useRef, useState } from 'react';
import type { LocalMedia } from '../client/local-media.ts';
import type { Participant, Stream } from '../client/meeting-state.ts';
import { useObservable } from '../ui/use-observable.ts';
import styles from './call.module.css';
import { usePlayback } from './hooks.ts';

/** Everybody else's voices, and the sound of shared screens. */
export function Sound({ participants, media }: { participants: readonly Participant[]; media: LocalMedia }) {
  const { speakerId } = useObservable(media.state);
  const [blocked, setBlocked] = useState(false);
  const box = useRef<HTMLDivElement>(null);
  const onBlocked = useCallback(() => setBlocked(true), []);
  const unblock = () => {
    setBlocked(false);
    for (const element of box.current?.querySelectorAll('audio') ?? []) void element.play().catch(onBlocked);
  };
  const sounds = participants
    .filter((it) => !it.isMe)
    .flatMap(({ id, streams }) => [
      { key: `${id} voice`, stream: streams.audio },
      { key: `${id} screen`, stream: streams.shareAudio },
    ]);
  return (
    <div ref={box}>
      {sounds.map(({ key, stream }) => stream && <Voice key={key} {...{ stream, speakerId, onBlocked }} />)}
      {blocked && (
        <button type="button" className={styles.unblock} onClick={unblock}>
          <IconVolume size={20} aria-hidden />
          Turn the sound on
        </button>
      )}
    </div>
  );
}

function Voice({ stream, speakerId, onBlocked }: { stream: Stream; speakerId: string; onBlocked: () => void }) {
  const play = usePlayback(stream.track, onBlocked);
  const element = useRef<HTMLAudioElement>(null);
  useEffect(() => {
    // Not every browser lets a page choose.
    if (element.current && 'setSinkId' in element.current)
      void element.current.setSinkId(speakerId).catch(() => undefined);
  }, [speakerId]);
  const ref = useCallback(
    (it: HTMLAudioElement | null) => {
      element.current = it;
      return play(it);
    },
    [play],
  );
  // biome-ignore lint/a11y/useMediaCaption: what people say right now has no captions
  return <audio ref={ref} autoPlay />;
}
