import {
  IconDots,
  IconHandStop,
  IconLayoutGrid,
  IconLayoutSidebarRight,
  IconLink,
  IconMessage,
  IconMicrophone,
  IconMicrophoneOff,
  IconPhoneOff,
  IconPlayerRecord,
  IconScreenShare,
  IconScreenShareOff,
  IconSettings,
  IconUsers,
  IconVideo,
  IconVideoOff,
} from '@tabler/icons-react';
import { type ReactNode, useEffect, useRef, useState } from 'react';
import type { LocalMedia } from '../client/local-media.ts';
import type { Meeting } from '../client/meeting.ts';
import type { MeetingState } from '../client/meeting-state.ts';
import { useObservable } from '../ui/use-observable.ts';
import styles from './call.module.css';
import type { Actions, Panel, View } from './call.tsx';

interface Props {
  meeting: Meeting;
  media: LocalMedia;
  state: MeetingState;
  panel: Panel;
  view: View;
  unread: number;
  actions: Actions;
  onPanel: (panel: Panel) => void;
  onView: (view: View) => void;
  onSettings: () => void;
}

const mayShareScreen = () => 'getDisplayMedia' in (navigator.mediaDevices ?? {});

/** Everything one can do, within reach of a thumb and of single keys. */
export function Controls(props: Props) {
  const { meeting, media, state, panel, unread, actions, onPanel } = props;
  const { mic, camera, screen } = useObservable(media.state);
  const handUp = state.hands.includes(meeting.id);
  const asking = meeting.mayAdmit ? state.entryRequests.length : 0;
  return (
    <div className={styles.controls} role="toolbar" aria-label="Meeting controls">
      <Control
        label={mic.on ? 'Turn microphone off' : 'Turn microphone on'}
        shortcut="M"
        off={!mic.on}
        onClick={actions.toggleMic}
      >
        {mic.on ? <IconMicrophone aria-hidden /> : <IconMicrophoneOff aria-hidden />}
      </Control>
      <Control
        label={camera.on ? 'Turn camera off' : 'Turn camera on'}
        shortcut="V"
        off={!camera.on}
        onClick={actions.toggleCamera}
      >
        {camera.on ? <IconVideo aria-hidden /> : <IconVideoOff aria-hidden />}
      </Control>
      {mayShareScreen() && (
        <Control
          label={screen ? 'Stop sharing your screen' : 'Share your screen'}
          shortcut="S"
          pressed={screen !== undefined}
          wide
          onClick={actions.toggleScreen}
        >
          {screen ? <IconScreenShareOff aria-hidden /> : <IconScreenShare aria-hidden />}
        </Control>
      )}
      <Control
        label={handUp ? 'Lower your hand' : 'Raise your hand'}
        shortcut="H"
        pressed={handUp}
        onClick={actions.toggleHand}
      >
        <IconHandStop aria-hidden />
      </Control>
      <Control
        label={unread > 0 ? `Chat, ${unread} unread` : 'Chat'}
        shortcut="C"
        expanded={panel === 'chat'}
        count={unread}
        onClick={() => onPanel('chat')}
      >
        <IconMessage aria-hidden />
      </Control>
      <Control
        label={asking > 0 ? `People, ${asking} waiting` : 'People'}
        shortcut="P"
        expanded={panel === 'people'}
        count={asking}
        onClick={() => onPanel('people')}
      >
        <IconUsers aria-hidden />
      </Control>
      <More {...props} />
      <LeaveControl meeting={meeting} />
    </div>
  );
}

function Control(props: {
  label: string;
  shortcut?: string;
  /** For a device: red while it is off. */
  off?: boolean;
  pressed?: boolean;
  expanded?: boolean;
  count?: number;
  /** Left out where the window is narrow; it is under More there. */
  wide?: boolean;
  onClick: () => void;
  children: ReactNode;
}) {
  const { label, shortcut, off, pressed, expanded, count = 0, wide, onClick, children } = props;
  return (
    <button
      type="button"
      className={styles.control}
      aria-label={label}
      title={shortcut ? `${label} (${shortcut})` : label}
      aria-keyshortcuts={shortcut?.toLowerCase()}
      aria-pressed={pressed}
      aria-expanded={expanded}
      data-off={off || undefined}
      data-wide={wide || undefined}
      onClick={onClick}
    >
      {children}
      {count > 0 && (
        <span className={styles.count} aria-hidden>
          {count > 99 ? '99+' : count}
        </span>
      )}
    </button>
  );
}

/** What is done seldom. */
function More({ meeting, media, state, view, actions, onPanel, onView, onSettings }: Props) {
  const { screen } = useObservable(media.state);
  return (
    <Drop label="More" icon={<IconDots aria-hidden />}>
      {(close) => {
        const item = (label: string, icon: ReactNode, action: () => void, narrow = false) => (
          <button
            type="button"
            data-narrow={narrow || undefined}
            onClick={() => {
              close();
              action();
            }}
          >
            {icon}
            {label}
          </button>
        );
        return (
          <>
            {mayShareScreen() &&
              item(
                screen ? 'Stop sharing your screen' : 'Share your screen',
                <IconScreenShare size={20} aria-hidden />,
                actions.toggleScreen,
                true,
              )}
            {view === 'grid'
              ? item('Speaker view', <IconLayoutSidebarRight size={20} aria-hidden />, () => onView('speaker'))
              : item('Grid view', <IconLayoutGrid size={20} aria-hidden />, () => onView('grid'))}
            {meeting.mayInvite &&
              item('Copy invite link', <IconLink size={20} aria-hidden />, () => void copyInvite(meeting))}
            {item('Devices', <IconSettings size={20} aria-hidden />, onSettings)}
            {(meeting.mayModerate || state.outputs.length > 0) &&
              item('Recording and streaming', <IconPlayerRecord size={20} aria-hidden />, () => onPanel('outputs'))}
          </>
        );
      }}
    </Drop>
  );
}

async function copyInvite(meeting: Meeting): Promise<void> {
  try {
    await navigator.clipboard.writeText(await meeting.invite());
    meeting.tell('The invite link was copied. Whoever opens it can join.');
  } catch (error) {
    meeting.tell(`The invite link could not be copied: ${(error as Error).message}`);
  }
}

function LeaveControl({ meeting }: { meeting: Meeting }) {
  if (!meeting.mayModerate) {
    return (
      <button
        type="button"
        className={styles.control}
        data-leave
        aria-label="Leave the meeting"
        title="Leave the meeting"
        onClick={() => meeting.leave()}
      >
        <IconPhoneOff aria-hidden />
      </button>
    );
  }
  const end = () => meeting.endForAll().catch((error: Error) => meeting.tell(error.message));
  return (
    <Drop label="Leave the meeting" icon={<IconPhoneOff aria-hidden />} leave>
      {() => (
        <>
          <button type="button" onClick={() => meeting.leave()}>
            Leave the meeting
          </button>
          <button type="button" data-danger onClick={() => void end()}>
            End it for everybody
          </button>
        </>
      )}
    </Drop>
  );
}

/** A button with a few further buttons above it. */
function Drop(props: { label: string; icon: ReactNode; leave?: boolean; children: (close: () => void) => ReactNode }) {
  const { label, icon, leave, children } = props;
  const [open, setOpen] = useState(false);
  const box = useRef<HTMLDivElement>(null);
  useEffect(() => {
    if (!open) return;
    const onPointer = (event: Event) => {
      if (!box.current?.contains(event.target as Node)) setOpen(false);
    };
    document.addEventListener('pointerdown', onPointer);
    return () => document.removeEventListener('pointerdown', onPointer);
  }, [open]);
  const close = () => {
    setOpen(false);
    box.current?.querySelector('button')?.focus();
  };
  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: Esc closes it wherever the focus is inside
    <div
      ref={box}
      className={styles.drop}
      onKeyDown={(event) => {
        if (event.key !== 'Escape' || !open) return;
        event.stopPropagation();
        event.nativeEvent.stopImmediatePropagation();
        close();
      }}
    >
      <button
        type="button"
        className={styles.control}
        aria-label={label}
        title={label}
        aria-expanded={open}
        data-leave={leave || undefined}
        onClick={() => setOpen(!open)}
      >
        {icon}
      </button>
      {open && <div className={styles.dropped}>{children(close)}</div>}
    </div>
  );
}
