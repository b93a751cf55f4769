import { IconSend } from '@tabler/icons-react';
import { type FormEvent, type KeyboardEvent, useEffect, useRef, useState } from 'react';
import type { Meeting } from '../client/meeting.ts';
import type { ChatMessage } from '../client/meeting-state.ts';
import styles from './call.module.css';
import { PanelFrame } from './panel.tsx';

const MAX_MESSAGE = 4_000;
/** Messages of one person within this are shown as one. */
const SAME_BREATH_MS = 2 * 60_000;

const timeOf = new Intl.DateTimeFormat(undefined, { hour: '2-digit', minute: '2-digit' });

interface Props {
  meeting: Meeting;
  chat: readonly ChatMessage[];
  onClose: () => void;
}

export function ChatPanel({ meeting, chat, onClose }: Props) {
  const list = useRef<HTMLOListElement>(null);
  const last = chat.at(-1)?.id;
  // biome-ignore lint/correctness/useExhaustiveDependencies: a new last message is what it scrolls for
  useEffect(() => {
    list.current?.scrollTo({ top: list.current.scrollHeight });
  }, [last]);
  return (
    <PanelFrame title="Chat" onClose={onClose}>
      {chat.length === 0 && (
        <p className={styles.empty}>Nothing has been said yet. Everybody here sees what you write.</p>
      )}
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: a list that scrolls must be reachable with keys */}
      <ol ref={list} className={styles.messages} aria-label="Messages" tabIndex={0}>
        {chat.map((message, i) => (
          <MessageItem
            key={message.id}
            message={message}
            previous={chat[i - 1]}
            isMine={message.senderId === meeting.id}
          />
        ))}
      </ol>
      <Composer meeting={meeting} />
    </PanelFrame>
  );
}

function MessageItem(props: { message: ChatMessage; previous: ChatMessage | undefined; isMine: boolean }) {
  const { message, previous, isMine } = props;
  const goesOn =
    previous?.senderId === message.senderId && message.at.getTime() - previous.at.getTime() < SAME_BREATH_MS;
  return (
    <li className={styles.message} data-mine={isMine || undefined} data-goes-on={goesOn || undefined}>
      {!goesOn && (
        <div className={styles.sender}>
          <b>{isMine ? 'You' : message.senderName}</b>{' '}
          <time dateTime={message.at.toISOString()}>{timeOf.format(message.at)}</time>
        </div>
      )}
      <p>{message.text}</p>
    </li>
  );
}

function Composer({ meeting }: { meeting: Meeting }) {
  const [text, setText] = useState('');
  const [failed, setFailed] = useState(false);
  const field = useRef<HTMLTextAreaElement>(null);
  useEffect(() => field.current?.focus(), []);
  const send = (event?: FormEvent) => {
    event?.preventDefault();
    const wanted = text.trim();
    if (wanted === '') return;
    setText('');
    setFailed(false);
    meeting.say(wanted).catch(() => {
      setFailed(true);
      setText((now) => now || wanted);
    });
  };
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key !== 'Enter' || event.shiftKey || event.nativeEvent.isComposing) return;
    event.preventDefault();
    send();
  };
  return (
    <form className={styles.composer} onSubmit={send}>
      {failed && (
        <p role="alert" className={styles.failed}>
          That was not sent. Try again.
        </p>
      )}
      <textarea
        ref={field}
        value={text}
        rows={Math.min(5, text.split('\n').length)}
        maxLength={MAX_MESSAGE}
        aria-label="Message to everybody"
        placeholder="Message to everybody"
        onChange={(event) => setText(event.target.value)}
        onKeyDown={onKeyDown}
      />
      <button type="submit" className={styles.send} aria-label="Send" disabled={text.trim() === ''}>
        <IconSend size={20} aria-hidden />
      </button>
    </form>
  );
}
