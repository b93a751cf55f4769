import { IconLoader2 } from '@tabler/icons-react';
import { Link, useNavigate, useParams } from '@tanstack/react-router';
import { type ReactNode, useEffect } from 'react';
import type { WatchedHls } from '../../src/protocol/rest/watching.ts';
import { PAGES, pathTo } from '../paths.ts';
import { streamSource } from '../player/engine.ts';
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
  return <Watched key={hlsId} hlsId={hlsId} />;
}

function Watched({ hlsId }: { hlsId: string }) {
  const [found, lookAgain] = useWatchedHls(hlsId);
  useFollowing(found && 'data' in found ? found.data.continuedBy : null);
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

/** Where a stream broke off with its node and another one goes on with it, viewers go on there. */
function useFollowing(next: WatchedHls['continuedBy']): void {
  const navigate = useNavigate();
  const id = next && !next.ended ? next.id : undefined;
  useEffect(() => {
    if (id !== undefined) void navigate({ to: pathTo('watch', { hlsId: id }), replace: true });
  }, [id, navigate]);
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
            source={streamSource(stream, { start, end: stream.end })}
            title="Live stream"
            audioOnly={mode === 'audio'}
            portrait={orientation === 'portrait'}
            autoplay={stream.end === null}
            ownsPage
            onInterrupted={lookAgain}
          />
        ) : (
          <Waiting stream={stream} />
        )}
        <p className={styles.facts}>{factsOf(stream)}</p>
        <OtherParts stream={stream} />
        {stream.status === 'failed' && playable && (
          <p className={styles.problem} role="status">
            The stream broke off: {stream.reason ?? 'no reason is known'}. What was streamed until then can be played.
          </p>
        )}
      </main>
    </div>
  );
}

function State({ stream: { status, end, playable, continuedBy } }: { stream: WatchedHls }) {
  if (end === null && continuedBy) return <span className={styles.badge}>Interrupted</span>;
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
function Waiting({ stream: { status, end, reason, continues } }: { stream: WatchedHls }) {
  if (end !== null) {
    const title = status === 'failed' ? 'The stream failed' : 'The stream has ended';
    return (
      <Stand title={title}>
        {reason ? `Nothing was streamed. Reason: ${reason}` : 'It ended before there was anything to see.'}
      </Stand>
    );
  }
  const title = status === 'queued' ? 'The stream has not started yet' : 'The stream is about to begin';
  return (
    <Stand title={continues ? 'The stream goes on in a moment' : title} busy>
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

/** Of a stream that was interrupted there are several. */
function OtherParts({ stream: { end, continues, continuedBy } }: { stream: WatchedHls }) {
  // From what came before, viewers are led here for as long as this is live.
  const before = end === null ? null : continues;
  if (before === null && !continuedBy) return null;
  return (
    <p className={styles.facts}>
      The stream was interrupted.{' '}
      {before !== null && <Link to={pathTo('watch', { hlsId: before })}>Watch what came before</Link>}
      {before !== null && continuedBy && ' · '}
      {continuedBy && <Link to={pathTo('watch', { hlsId: continuedBy.id })}>Watch what followed</Link>}
    </p>
  );
}

function factsOf({ start, end }: WatchedHls): string {
  if (start === null) return '';
  const began = new Date(start);
  if (end === null) return `Live since ${time(began)}`;
  return `Streamed on ${dayAndTime(began)}, ${elapsedInWords(Date.parse(end) - began.getTime())} long`;
}
