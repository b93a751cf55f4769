import { IconBroadcast, IconLivePhoto, IconPlayerRecordFilled, IconPlus, IconTrash } from '@tabler/icons-react';
import { type FormEvent, type ReactNode, useEffect, useState } from 'react';
import { MAX_OUTPUTS } from '../../src/protocol/egress.ts';
import type { Meeting } from '../client/meeting.ts';
import { isRunning, type MeetingState, type Output, type OutputKind } from '../client/meeting-state.ts';
import { pathTo } from '../paths.ts';
import { elapsedInWords } from '../ui/elapsed.ts';
import styles from './call.module.css';
import { useNow } from './hooks.ts';
import outputStyles from './outputs.module.css';
import { PanelFrame } from './panel.tsx';
import { OUTPUT_WORDS, outputState } from './words.ts';

interface Props {
  meeting: Meeting;
  state: MeetingState;
  onClose: () => void;
}

const KINDS: { kind: OutputKind; Icon: typeof IconBroadcast; hint: string }[] = [
  { kind: 'recording', Icon: IconPlayerRecordFilled, hint: 'The whole meeting in one file.' },
  { kind: 'hls', Icon: IconLivePhoto, hint: 'A page on which any number of people can watch.' },
  { kind: 'livestream', Icon: IconBroadcast, hint: 'To RTMP servers, such as those of video platforms.' },
];

/** What leaves the meeting as one picture and sound; who moderates starts and stops it, everybody sees it. */
export function OutputsPanel({ meeting, state, onClose }: Props) {
  const [look, setLook] = useState({ type: 'GRID', quality: 'med' });
  const { outputs } = state;
  const shown = KINDS.filter(({ kind }) => meeting.mayModerate || outputs.some((it) => it.kind === kind));
  return (
    <PanelFrame title="Recording and streaming" onClose={onClose}>
      <div className={outputStyles.body}>
        {meeting.mayModerate && <Look look={look} onChange={setLook} />}
        {shown.length === 0 && <p className={styles.empty}>Nothing of this meeting is recorded or streamed.</p>}
        {shown.map(({ kind, Icon, hint }) => {
          const ofKind = outputs.filter((it) => it.kind === kind);
          return (
            <section key={kind} className={outputStyles.kind} aria-label={OUTPUT_WORDS[kind]}>
              <h3>
                <Icon size={18} aria-hidden />
                {OUTPUT_WORDS[kind]}
              </h3>
              {ofKind.length === 0 && <p>{hint}</p>}
              {ofKind.map((output) => (
                <Item key={output.id} meeting={meeting} output={output} />
              ))}
              {meeting.mayModerate && <StartOrStop {...{ meeting, kind, look }} running={ofKind.filter(isRunning)} />}
            </section>
          );
        })}
      </div>
    </PanelFrame>
  );
}

interface LookOf {
  type: string;
  quality: string;
}

function Look({ look, onChange }: { look: LookOf; onChange: (look: LookOf) => void }) {
  return (
    <div className={outputStyles.look}>
      <label>
        Layout
        <select value={look.type} onChange={({ target }) => onChange({ ...look, type: target.value })}>
          <option value="GRID">Grid</option>
          <option value="SPOTLIGHT">One large</option>
          <option value="SIDEBAR">One large, others beside</option>
        </select>
      </label>
      <label>
        Quality
        <select value={look.quality} onChange={({ target }) => onChange({ ...look, quality: target.value })}>
          <option value="low">480p</option>
          <option value="med">720p</option>
          <option value="high">1080p</option>
        </select>
      </label>
    </div>
  );
}

/** One that runs, or has ended while this page was open. */
function Item({ meeting, output }: { meeting: Meeting; output: Output }) {
  const { id, kind, status, since, playable, problem } = output;
  const now = useNow();
  const isOn = status === 'STARTED';
  return (
    <div className={outputStyles.item}>
      <span className={outputStyles.state} data-on={isOn || undefined}>
        {outputState(output)}
        {isOn && since && ` ${elapsedInWords(now - since.getTime())}`}
      </span>
      {problem && <span className={outputStyles.problem}>{problem}</span>}
      {kind === 'hls' && (playable || status === 'STOPPED') && !problem && (
        <Links
          meeting={meeting}
          what="watch link"
          url={new URL(pathTo('watch', { hlsId: id }), location.origin).href}
        />
      )}
      {kind === 'recording' && status === 'STOPPED' && !problem && <RecordingLinks meeting={meeting} id={id} />}
    </div>
  );
}

/** Asked for beforehand: browsers let a page copy and open only at once after a click. */
function RecordingLinks({ meeting, id }: { meeting: Meeting; id: string }) {
  const [found, setFound] = useState<{ url: string } | { problem: string }>();
  useEffect(() => {
    if (!meeting.mayShareRecordings) return;
    let current = true;
    meeting.recordingLink(id).then(
      (url) => current && setFound({ url }),
      (error: Error) => current && setFound({ problem: error.message }),
    );
    return () => {
      current = false;
    };
  }, [meeting, id]);
  if (!meeting.mayShareRecordings) return <span>Whoever runs this server has it.</span>;
  if (!found) return null;
  if ('problem' in found) return <span className={outputStyles.problem}>{found.problem}</span>;
  return <Links meeting={meeting} what="link to the recording" url={found.url} />;
}

function Links({ meeting, what, url }: { meeting: Meeting; what: string; url: string }) {
  const copy = () =>
    navigator.clipboard.writeText(url).then(
      () => meeting.tell(`The ${what} was copied. Whoever opens it can watch.`),
      (error: Error) => meeting.tell(`The ${what} could not be copied: ${error.message}`),
    );
  return (
    <span className={styles.decision}>
      <button type="button" aria-label={`Copy ${what}`} onClick={() => void copy()}>
        Copy link
      </button>
      <a href={url} target="_blank" rel="noreferrer" aria-label={`Open the ${what}`}>
        Open
      </a>
    </span>
  );
}

function StartOrStop(props: { meeting: Meeting; kind: OutputKind; look: LookOf; running: readonly Output[] }) {
  const { meeting, kind, look, running } = props;
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState('');
  const run = async (ask: () => Promise<void>) => {
    setBusy(true);
    setProblem('');
    await ask().catch((error: Error) => setProblem(error.message));
    setBusy(false);
  };
  const start = (wish: object = {}) => {
    const { type, quality } = look;
    const config = { layout: { type, priority: 'SPEAKER', gridSize: 25 }, quality };
    return run(() => meeting.startOutput(kind, { config, ...wish }));
  };
  const mayStop = running.some(({ status }) => status !== 'STOPPING');
  return (
    <>
      {problem && (
        <p className={styles.failed} role="alert">
          {problem}
        </p>
      )}
      {running.length > 0 ? (
        <Action disabled={busy || !mayStop} onClick={() => void run(() => meeting.stopOutput(kind))}>
          Stop the {OUTPUT_WORDS[kind].toLowerCase()}
        </Action>
      ) : kind === 'livestream' ? (
        <LivestreamForm busy={busy} onStart={(outputs) => void start({ outputs })} />
      ) : (
        <Action primary disabled={busy} onClick={() => void start()}>
          {busy ? 'Starting…' : kind === 'recording' ? 'Start recording' : 'Start streaming'}
        </Action>
      )}
    </>
  );
}

function Action(props: { primary?: boolean; disabled: boolean; onClick?: () => void; children: ReactNode }) {
  const { primary, disabled, onClick, children } = props;
  return (
    <button
      type={onClick ? 'button' : 'submit'}
      className={outputStyles.action}
      data-primary={primary || undefined}
      disabled={disabled}
      onClick={onClick}
    >
      {children}
    </button>
  );
}

const EMPTY = { url: '', streamKey: '' };

function LivestreamForm({ busy, onStart }: { busy: boolean; onStart: (outputs: (typeof EMPTY)[]) => void }) {
  const [servers, setServers] = useState([EMPTY]);
  const change = (index: number, part: Partial<typeof EMPTY>) =>
    setServers(servers.map((it, at) => (at === index ? { ...it, ...part } : it)));
  const submit = (event: FormEvent) => {
    event.preventDefault();
    onStart(servers.map(({ url, streamKey }) => ({ url: url.trim(), streamKey: streamKey.trim() })));
  };
  return (
    <form className={outputStyles.form} onSubmit={submit}>
      {servers.map(({ url, streamKey }, index) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: a server is known by nothing but its place
        <fieldset key={index}>
          <legend className={servers.length === 1 ? 'only-read' : undefined}>Server {index + 1}</legend>
          <label>
            RTMP address
            <input
              value={url}
              onChange={({ target }) => change(index, { url: target.value })}
              placeholder="rtmps://live.example.com/app"
              pattern="\s*[Rr][Tt][Mm][Pp][Ss]?://\S+\s*"
              title="An address that begins with rtmp:// or rtmps://"
              inputMode="url"
              maxLength={2048}
              required
              spellCheck={false}
            />
          </label>
          <label>
            Stream key
            <input
              type="password"
              value={streamKey}
              onChange={({ target }) => change(index, { streamKey: target.value })}
              autoComplete="off"
              maxLength={2048}
            />
          </label>
          {servers.length > 1 && (
            <button
              type="button"
              className={`${styles.icon} ${outputStyles.remove}`}
              aria-label={`Remove server ${index + 1}`}
              onClick={() => setServers(servers.filter((_, at) => at !== index))}
            >
              <IconTrash size={18} aria-hidden />
            </button>
          )}
        </fieldset>
      ))}
      {servers.length < MAX_OUTPUTS && (
        <button type="button" className={outputStyles.add} onClick={() => setServers([...servers, EMPTY])}>
          <IconPlus size={16} aria-hidden />
          Another server
        </button>
      )}
      <Action primary disabled={busy}>
        {busy ? 'Starting…' : 'Start livestream'}
      </Action>
    </form>
  );
}
