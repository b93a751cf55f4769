import { IconDownload } from '@tabler/icons-react';
import { useEffect } from 'react';
import type { WatchedRecording } from '../../src/protocol/rest/watching.ts';
import { Player } from '../player/player.tsx';
import { bytes } from '../ui/bytes.ts';
import { elapsedInWords } from '../ui/elapsed.ts';
import frame from '../ui/frame.module.css';
import { Mark } from '../ui/mark.tsx';
import { Message } from '../ui/message.tsx';
import { useWatchedRecording } from './api.ts';
import styles from './viewer.module.css';
import { dayAndTime, downloadUrl, gapInWords } from './words.ts';

/** `/recordings/:recordingId#<token of its file>`: a recording for everybody who has the whole link. */
export function RecordingPage({ recordingId, token }: { recordingId: string; token: string }) {
  const found = useWatchedRecording(recordingId, token);
  useEffect(() => {
    document.title = 'Recording · Roomful';
  }, []);
  if (!found) return <Message title="One moment…" text="The recording is being looked up." />;
  if ('data' in found) return <Shown recording={found.data} />;
  if (found.problem === 'unreachable') {
    return <Message title="The server cannot be reached" text="Check your network, then load this page again." />;
  }
  return (
    <Message
      title="This link does not work"
      text="The recording has been deleted, or the link is not whole. Ask whoever sent it for a new one."
    />
  );
}

function Shown({ recording }: { recording: WatchedRecording }) {
  const { room, start, gaps, file } = recording;
  const isPortrait = (file.height ?? 0) > (file.width ?? 0);
  const facts = [
    start !== null && dayAndTime(new Date(start)),
    elapsedInWords(file.duration * 1000),
    file.type === 'audio' ? 'sound only' : file.width !== null && `${file.width} × ${file.height}`,
    `${bytes(file.size)} ${file.format.toUpperCase()}`,
  ];
  return (
    <div className={styles.page}>
      <header className={styles.header}>
        <Mark size={26} />
        <span className={styles.badge}>Recording</span>
      </header>
      <main className={styles.main} data-portrait={isPortrait || undefined}>
        <Player
          source={{ kind: 'file', url: file.url }}
          title={`Recording of ${room}`}
          audioOnly={file.type === 'audio'}
          portrait={isPortrait}
          ownsPage
        />
        <div className={styles.about}>
          <div>
            <h1 className={styles.title}>{room}</h1>
            <p className={styles.facts}>{facts.filter(Boolean).join(' · ')}</p>
          </div>
          <a className={frame.primary} href={downloadUrl(file, room, start)} download>
            <IconDownload size={20} aria-hidden />
            Download
          </a>
        </div>
        {gaps.length > 0 && (
          <section className={styles.gaps} aria-label="What is missing">
            <p>The recording was interrupted. What is missing:</p>
            <ul>
              {gaps.map((gap) => (
                <li key={gap.at}>{gapInWords(gap)}</li>
              ))}
            </ul>
          </section>
        )}
      </main>
    </div>
  );
}
