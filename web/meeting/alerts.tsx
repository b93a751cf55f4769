import { IconInfoCircle, IconLoader2, IconMessage, IconX } from '@tabler/icons-react';
import { type ReactNode, useEffect, useRef, useState } from 'react';
import type { Meeting } from '../client/meeting.ts';
import type { MeetingState } from '../client/meeting-state.ts';
import styles from './call.module.css';
import type { Panel } from './call.tsx';
import { Decision } from './people-panel.tsx';

const SHOWN_MS = 6_000;
/** More at once would cover the meeting; the list of people has all of them. */
const MOST_REQUESTS = 3;

interface Props {
  meeting: Meeting;
  state: MeetingState;
  panel: Panel;
  onOpenChat: () => void;
}

/** What wants attention now: over the pictures, and spoken by screen readers. */
export function Alerts({ meeting, state, panel, onOpenChat }: Props) {
  const { phase, entryRequests, deviceRequest, participants, notice } = state;
  const nameOf = (id: string) => participants.find((it) => it.id === id)?.name ?? 'Somebody';
  return (
    <>
      {phase === 'reconnecting' && (
        <div role="alert" className={styles.banner}>
          <IconLoader2 size={20} aria-hidden className={styles.spin} />
          The connection was lost. Reconnecting…
        </div>
      )}
      <div className={styles.alerts} aria-live="polite">
        {panel !== 'people' &&
          meeting.mayAdmit &&
          entryRequests.slice(0, MOST_REQUESTS).map(({ id, name }) => (
            <Alert key={id}>
              <span>
                <b>{name}</b> wants to join
              </span>
              <Decision meeting={meeting} id={id} name={name} />
            </Alert>
          ))}
        {deviceRequest && (
          <Alert>
            <span>
              <b>{nameOf(deviceRequest.byId)}</b> asks you to turn your{' '}
              {deviceRequest.source === 'mic' ? 'microphone' : 'camera'} on
            </span>
            <span className={styles.decision}>
              <button type="button" onClick={() => void meeting.answerDeviceRequest(false)}>
                Keep it off
              </button>
              <button type="button" data-primary onClick={() => void meeting.answerDeviceRequest(true)}>
                Turn it on
              </button>
            </span>
          </Alert>
        )}
        <Passing key={`notice ${notice?.id}`} shown={notice !== undefined}>
          <IconInfoCircle size={20} aria-hidden />
          <span>{notice?.text}</span>
        </Passing>
        {panel !== 'chat' && <NewMessage meeting={meeting} state={state} onOpen={onOpenChat} />}
      </div>
      <Announcements state={state} />
    </>
  );
}

function Alert({ children }: { children: ReactNode }) {
  return <div className={styles.alert}>{children}</div>;
}

/** Goes by itself. */
function Passing({ shown, children }: { shown: boolean; children: ReactNode }) {
  const [over, setOver] = useState(!shown);
  useEffect(() => {
    const timer = setTimeout(() => setOver(true), SHOWN_MS);
    return () => clearTimeout(timer);
  }, []);
  if (over) return null;
  return (
    <div className={styles.alert}>
      {children}
      <button type="button" className={styles.icon} aria-label="Dismiss" onClick={() => setOver(true)}>
        <IconX size={18} aria-hidden />
      </button>
    </div>
  );
}

function NewMessage({ meeting, state, onOpen }: { meeting: Meeting; state: MeetingState; onOpen: () => void }) {
  const last = state.chat.at(-1);
  const [opened] = useState(Date.now);
  const fresh = last && last.senderId !== meeting.id && last.at.getTime() > opened;
  if (!fresh) return null;
  return (
    <Passing key={last.id} shown>
      <button type="button" className={styles.peek} onClick={onOpen}>
        <IconMessage size={20} aria-hidden />
        <span>
          <b>{last.senderName}</b>
          <span className={styles.clip}>{last.text}</span>
        </span>
      </button>
    </Passing>
  );
}

/** Who came, went or raised a hand, for those who cannot see it. */
function Announcements({ state }: { state: MeetingState }) {
  const { participants, hands } = state;
  const before = useRef({ names: new Map(participants.map((it) => [it.id, it.name])), hands });
  const [text, setText] = useState('');
  useEffect(() => {
    const names = new Map(participants.map((it) => [it.id, it.name]));
    const known = before.current;
    const said = [
      ...[...names].filter(([id]) => !known.names.has(id)).map(([, name]) => `${name} joined.`),
      ...[...known.names].filter(([id]) => !names.has(id)).map(([, name]) => `${name} left.`),
      ...hands.filter((id) => !known.hands.includes(id)).map((id) => `${names.get(id)} raised a hand.`),
    ];
    before.current = { names, hands };
    if (said.length > 0) setText(said.join(' '));
  }, [participants, hands]);
  return (
    <div className="only-read" aria-live="polite">
      {text}
    </div>
  );
}
