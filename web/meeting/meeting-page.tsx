import { useParams } from '@tanstack/react-router';
import { useCallback, useEffect, useState } from 'react';
import { entranceIn, redeemInvite } from '../client/entrance.ts';
import { LocalMedia } from '../client/local-media.ts';
import { Meeting } from '../client/meeting.ts';
import { PAGES } from '../paths.ts';
import { Message } from '../ui/message.tsx';
import { useObservable } from '../ui/use-observable.ts';
import { Call } from './call.tsx';
import { Left } from './left.tsx';
import { PreJoin } from './pre-join.tsx';

/** How the visitor may enter, as soon as it is known. */
type Pass = { token: string; name: string | undefined } | { problem: string } | undefined;

/** `/meet/:roomId`: from the link to the call and out again. */
export function MeetingPage() {
  const { roomId } = useParams({ from: PAGES.meeting });
  const pass = usePass();
  const [media, setMedia] = useState<LocalMedia>();
  const [meeting, setMeeting] = useState<Meeting>();

  useEffect(() => {
    document.title = `${roomId} · Roomful`;
    const made = new LocalMedia();
    setMedia(made);
    return () => made.close();
  }, [roomId]);

  const enter = useCallback(
    (name: string) => {
      if (!media || !pass || !('token' in pass)) return;
      const entered = new Meeting({ roomId, token: pass.token, name, media });
      setMeeting(entered);
      void entered.enter();
    },
    [roomId, media, pass],
  );

  // Whoever closes the tab has left, and is not waited for.
  useEffect(() => {
    const leave = () => meeting?.leave();
    window.addEventListener('pagehide', leave);
    return () => {
      window.removeEventListener('pagehide', leave);
      leave();
    };
  }, [meeting]);

  if (pass && 'problem' in pass) return <Message title="This link does not work" text={pass.problem} />;
  if (!pass || !media) return <Message title="One moment…" text="The meeting is being looked up." />;
  if (!meeting) return <PreJoin roomId={roomId} media={media} proposedName={pass.name} onJoin={enter} />;
  return <Visit meeting={meeting} media={media} roomId={roomId} onRejoin={enter} />;
}

function Visit(props: { meeting: Meeting; media: LocalMedia; roomId: string; onRejoin: (name: string) => void }) {
  const { meeting, media, roomId, onRejoin } = props;
  const { phase, reason } = useObservable(meeting.state);
  const [wished] = useState({ mic: false, camera: false });
  const { mic, camera } = useObservable(media.state);
  useEffect(() => {
    if (phase !== 'left') {
      wished.mic = mic.on;
      wished.camera = camera.on;
      return;
    }
    // No light of a camera stays on behind the leave page.
    void media.turn('mic', false);
    void media.turn('camera', false);
    media.stopScreen();
  }, [phase, mic.on, camera.on, media, wished]);

  if (phase !== 'left' || !reason) return <Call meeting={meeting} media={media} roomId={roomId} />;
  const rejoin = () => {
    void media.turn('mic', wished.mic);
    void media.turn('camera', wished.camera);
    onRejoin(meeting.name);
  };
  return <Left reason={reason} onRejoin={rejoin} />;
}

/** The token in the address, or one in exchange for the invite there. */
function usePass(): Pass {
  const [pass, setPass] = useState<Pass>();
  useEffect(() => {
    const { token, invite } = entranceIn(location.hash);
    if (token !== undefined) return setPass({ token, name: undefined });
    if (invite === undefined) {
      const problem = 'It holds neither an invitation nor a token. Ask whoever sent it for the whole link.';
      return setPass({ problem });
    }
    let current = true;
    redeemInvite(invite).then(
      (guest) => current && setPass(guest),
      (error: Error) => current && setPass({ problem: error.message }),
    );
    return () => {
      current = false;
    };
  }, []);
  return pass;
}
