import { IconLoader2 } from '@tabler/icons-react';
import { useParams } from '@tanstack/react-router';
import { type ReactNode, useEffect } from 'react';
import type { WatchedHls } from '../../src/protocol/rest/watching.ts';
import { PAGES } from '../paths.ts';
import type { StreamSource } from '../player/engine.ts';
import { Player } from '../player/player.tsx';
import { elapsedInWords } from '../ui/elapsed.ts';
import { Mark } from '../ui/mark.tsx';
import { Message } from '../ui/message.tsx';
import { useWatchedHls } from './api.ts';
import styles from './viewer.module.css';
import { dayAndTime, time } from './words.ts';

/** `/watch/:hlsId`: a stream for everybody who has the link, from before its beginning to after its end. */
export function WatchPage() {
  const { hlsId } = useParams({ from: PAGES.watch });
  const [found, lookAgain] = useWatchedHls(hlsId);
  useEffect(() => {
    document.title = 'Live stream · Roomful';
  }, []);
  if (!found) return <Message title="One moment…" text="The stream is being looked up." />;
  if ('data' in found) return <Stream stream={found.data} lookAgain={lookAgain} />;
  if (found.problem === 'unreachable') {
    return <Message title="The server cannot be reached" text="This page tries again by itself." />;
  }
  return <Message title="There is no such stream" text="The link may be mistyped, or the stream has been deleted." />;
}

function Stream({ stream, lookAgain }: { stream: WatchedHls; lookAgain: () => void }) {
  const { playable, mode, orientation, start } = stream;
  return (
    <div className={styles.page}>
      <header className={styles.header}>
        <Mark size={26} />
        <State stream={stream} />
      </header>
      <main className={styles.main} data-portrait={orientation === 'portrait' || undefined}>
        <h1 className="only-read">Live stream</h1>
        {playable && start !== null ? (
          <Player
            source={sourceOf(stream, start)}
            title="Live stream"
            audioOnly={mode === 'audio'}
            portrait={orientation === 'portrait'}
            autoplay={stream.end === null}
            ownsPage
            onStreamEnded={lookAgain}
          />
        ) : (
          <Waiting stream={stream} />
        )}
        <p className={styles.facts}>{factsOf(stream)}</p>
        {stream.status === 'failed' && playable && (
          <p className={styles.problem} role="status">
            The stream broke off: {stream.reason ?? 'no reason is known'}. What was streamed until then can be played.
          </p>
        )}
      </main>
    </div>
  );
}

function sourceOf({ playbackHlsUrl, livestreamUrl, end }: WatchedHls, start: string): StreamSource {
  return {
    kind: 'stream',
    playbackUrl: playbackHlsUrl,
    liveUrl: livestreamUrl,
    live: end === null,
    startedAt: new Date(start),
  };
}

function State({ stream: { status, end, playable } }: { stream: WatchedHls }) {
  if (end !== null) return <span className={styles.badge}>{status === 'failed' ? 'Failed' : 'Ended'}</span>;
  return playable ? (
    <span className={styles.badge} data-live>
      <span className={styles.dot} aria-hidden />
      Live
    </span>
  ) : (
    <span className={styles.badge}>{status === 'queued' ? 'Not started yet' : 'Starting'}</span>
  );
}

/** In the place of the player while there is nothing to play. */
function Waiting({ stream: { status, end, reason } }: { stream: WatchedHls }) {
  if (end !== null) {
    const title = status === 'failed' ? 'The stream failed' : 'The stream has ended';
    return (
      <Stand title={title}>
        {reason ? `Nothing was streamed. Reason: ${reason}` : 'It ended before there was anything to see.'}
      </Stand>
    );
  }
  return (
    <Stand title={status === 'queued' ? 'The stream has not started yet' : 'The stream is about to begin'} busy>
      It plays here by itself as soon as it does. You can leave this page open.
    </Stand>
  );
}

function Stand({ title, busy, children }: { title: string; busy?: boolean; children: ReactNode }) {
  return (
    <section className={styles.stand} aria-live="polite">
      {busy && <IconLoader2 size={40} aria-hidden className={styles.spin} />}
      <h2>{title}</h2>
      <p>{children}</p>
    </section>
  );
}

function factsOf({ start, end }: WatchedHls): string {
  if (start === null) return '';
  const began = new Date(start);
  if (end === null) return `Live since ${time(began)}`;
  return `Streamed on ${dayAndTime(began)}, ${elapsedInWords(Date.parse(end) - began.getTime())} long`;
}
