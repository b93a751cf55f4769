import { lazy, Suspense, useCallback, useEffect, useState } from 'react';
import type { LocalMedia } from '../client/local-media.ts';
import type { Meeting } from '../client/meeting.ts';
import { Message } from '../ui/message.tsx';
import { useObservable } from '../ui/use-observable.ts';
import { Alerts } from './alerts.tsx';
import styles from './call.module.css';
import { ChatPanel } from './chat-panel.tsx';
import { Controls } from './controls.tsx';
import { Header } from './header.tsx';
import { useShortcuts } from './hooks.ts';
import { PeoplePanel } from './people-panel.tsx';
import { Settings } from './settings.tsx';
import { Sound } from './sound.tsx';
import { Stage } from './stage.tsx';
import { problemInWords } from './words.ts';

/** Most guests never see it. */
const OutputsPanel = lazy(() => import('./outputs-panel.tsx').then((it) => ({ default: it.OutputsPanel })));

export type Panel = 'chat' | 'people' | 'outputs' | undefined;
export type View = 'grid' | 'speaker';

/** The meeting itself: pictures, panels, and the controls below. */
export function Call({ meeting, media, roomId }: { meeting: Meeting; media: LocalMedia; roomId: string }) {
  const state = useObservable(meeting.state);
  const [panel, setPanel] = useState<Panel>();
  const [view, setView] = useState<View>('grid');
  const [settings, setSettings] = useState(false);
  const [enlargedId, setEnlargedId] = useState<string>();
  const unread = useUnread(state.chat.filter(({ senderId }) => senderId !== meeting.id).length, panel === 'chat');
  const actions = useActions(meeting, media);
  useDeviceProblems(meeting, media);
  const toggle = useCallback((which: Panel) => setPanel((now) => (now === which ? undefined : which)), []);
  const close = useCallback(() => {
    setPanel(undefined);
    controlOf(panel)?.focus();
  }, [panel]);

  useShortcuts({
    m: actions.toggleMic,
    v: actions.toggleCamera,
    s: actions.toggleScreen,
    h: actions.toggleHand,
    c: () => toggle('chat'),
    p: () => toggle('people'),
    r: () => toggle('outputs'),
    g: () => setView((now) => (now === 'grid' ? 'speaker' : 'grid')),
    escape: close,
  });

  if (state.phase === 'waiting') {
    return (
      <Message title="Waiting to be let in" text="Somebody in the meeting will let you in soon. Keep this page open.">
        <button type="button" className={styles.plain} onClick={() => meeting.leave()}>
          Cancel
        </button>
      </Message>
    );
  }
  if (state.phase === 'connecting' || state.phase === 'idle') {
    return <Message title="Joining…" text={`Connecting to meeting ${roomId}.`} />;
  }
  return (
    <div className={styles.call} data-panel={panel}>
      <Header roomId={roomId} state={state} />
      <main className={styles.stage}>
        <Stage {...{ meeting, state, view, enlargedId }} onEnlarge={setEnlargedId} />
      </main>
      {panel === 'chat' && <ChatPanel meeting={meeting} chat={state.chat} onClose={close} />}
      {panel === 'people' && <PeoplePanel meeting={meeting} state={state} onClose={close} />}
      {panel === 'outputs' && (
        <Suspense>
          <OutputsPanel meeting={meeting} state={state} onClose={close} />
        </Suspense>
      )}
      <Controls
        {...{ meeting, media, state, panel, view, unread, actions }}
        onPanel={toggle}
        onView={setView}
        onSettings={() => setSettings(true)}
      />
      <Alerts meeting={meeting} state={state} panel={panel} onOpenChat={() => setPanel('chat')} />
      <Sound participants={state.participants} media={media} />
      {settings && <Settings media={media} onClose={() => setSettings(false)} />}
    </div>
  );
}

export interface Actions {
  toggleMic(): void;
  toggleCamera(): void;
  toggleScreen(): void;
  toggleHand(): void;
}

function useActions(meeting: Meeting, media: LocalMedia): Actions {
  const [actions] = useState(() => ({
    toggleMic: () => void media.turn('mic', !media.state.get().mic.on),
    toggleCamera: () => void media.turn('camera', !media.state.get().camera.on),
    toggleScreen: () => {
      if (media.state.get().screen) media.stopScreen();
      else
        media.shareScreen().catch((error: Error) => meeting.tell(`Your screen could not be shared: ${error.message}`));
    },
    toggleHand: () => {
      const up = meeting.state.get().hands.includes(meeting.id);
      meeting.raiseHand(!up).catch(() => meeting.tell('Your hand could not be shown to the others.'));
    },
  }));
  return actions;
}

/** The button that opened a panel, which has the focus again when it is closed. */
function controlOf(panel: Panel): HTMLElement | null {
  const opener = { chat: '[aria-keyshortcuts="c"]', people: '[aria-keyshortcuts="p"]', outputs: '[aria-label="More"]' };
  return panel ? document.querySelector<HTMLElement>(opener[panel]) : null;
}

/** A device that fails in the middle of a call is told of like anything else that goes wrong. */
function useDeviceProblems(meeting: Meeting, media: LocalMedia): void {
  const { mic, camera } = useObservable(media.state);
  useEffect(() => {
    if (mic.problem) meeting.tell(Object.values(problemInWords('mic', mic.problem)).join('. '));
  }, [mic.problem, meeting]);
  useEffect(() => {
    if (camera.problem) meeting.tell(Object.values(problemInWords('camera', camera.problem)).join('. '));
  }, [camera.problem, meeting]);
}

/** Messages of others that came while the chat was closed. */
function useUnread(count: number, open: boolean): number {
  const [read, setRead] = useState(count);
  useEffect(() => {
    if (open) setRead(count);
  }, [count, open]);
  return open ? 0 : Math.max(0, count - read);
}
