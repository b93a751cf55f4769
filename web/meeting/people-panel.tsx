import {
  IconHandStop,
  IconMicrophone,
  IconMicrophoneOff,
  IconUserMinus,
  IconVideo,
  IconVideoOff,
} from '@tabler/icons-react';
import { type ReactNode, useState } from 'react';
import type { Meeting } from '../client/meeting.ts';
import type { MeetingState, Participant } from '../client/meeting-state.ts';
import { Avatar } from './avatar.tsx';
import styles from './call.module.css';
import { PanelFrame } from './panel.tsx';

interface Props {
  meeting: Meeting;
  state: MeetingState;
  onClose: () => void;
}

export function PeoplePanel({ meeting, state, onClose }: Props) {
  const { participants, entryRequests, hands } = state;
  return (
    <PanelFrame title="People" onClose={onClose}>
      <div className={styles.people}>
        {meeting.mayAdmit && entryRequests.length > 0 && (
          <section aria-label="Waiting to be let in">
            <h3>Waiting to be let in</h3>
            <ul>
              {entryRequests.map(({ id, name }) => (
                <li key={id} className={styles.person}>
                  <Avatar id={id} name={name} size={36} />
                  <span className={styles.who}>{name}</span>
                  <Decision meeting={meeting} id={id} name={name} />
                </li>
              ))}
            </ul>
          </section>
        )}
        <section aria-label="In the meeting">
          <h3>In the meeting ({participants.length})</h3>
          <ul>
            {participants.map((it) => (
              <Person key={it.id} meeting={meeting} person={it} handRaised={hands.includes(it.id)} />
            ))}
          </ul>
        </section>
      </div>
    </PanelFrame>
  );
}

export function Decision({ meeting, id, name }: { meeting: Meeting; id: string; name: string }) {
  const decide = (decision: 'allowed' | 'denied') =>
    meeting.decide(id, decision).catch((error: Error) => meeting.tell(error.message));
  return (
    <span className={styles.decision}>
      <button type="button" aria-label={`Decline ${name}`} onClick={() => void decide('denied')}>
        Decline
      </button>
      <button type="button" data-primary aria-label={`Let in ${name}`} onClick={() => void decide('allowed')}>
        Let in
      </button>
    </span>
  );
}

function Person({ meeting, person, handRaised }: { meeting: Meeting; person: Participant; handRaised: boolean }) {
  const { id, name, isMe, on } = person;
  const [removing, setRemoving] = useState(false);
  const moderate = (what: Parameters<Meeting['moderate']>[0]) =>
    meeting.moderate(what, id).catch((error: Error) => meeting.tell(error.message));
  const may = meeting.mayModerate && !isMe;
  const mic = on.audio ? <IconMicrophone size={20} aria-hidden /> : <IconMicrophoneOff size={20} aria-hidden />;
  const camera = on.video ? <IconVideo size={20} aria-hidden /> : <IconVideoOff size={20} aria-hidden />;
  return (
    <li className={styles.person}>
      <Avatar id={id} name={name} size={36} />
      <span className={styles.who}>
        {name}
        {isMe && ' (you)'}
        {handRaised && <IconHandStop size={18} aria-label="hand raised" className={styles.handSmall} />}
      </span>
      <DeviceState
        {...{ may, icon: mic }}
        fact={`Microphone ${on.audio ? 'on' : 'off'}`}
        action={on.audio ? `Turn ${name}’s microphone off` : `Ask ${name} to turn the microphone on`}
        onClick={() => void moderate(on.audio ? 'disablePeerMic' : 'enablePeerMic')}
      />
      <DeviceState
        {...{ may, icon: camera }}
        fact={`Camera ${on.video ? 'on' : 'off'}`}
        action={on.video ? `Turn ${name}’s camera off` : `Ask ${name} to turn the camera on`}
        onClick={() => void moderate(on.video ? 'disablePeerWebcam' : 'enablePeerWebcam')}
      />
      {may && (
        <button
          type="button"
          className={styles.icon}
          aria-label={`Remove ${name}`}
          title={`Remove ${name}`}
          onClick={() => setRemoving(true)}
        >
          <IconUserMinus size={20} aria-hidden />
        </button>
      )}
      {removing && (
        <div className={styles.confirm} role="alertdialog" aria-label={`Remove ${name} from the meeting?`}>
          <span>Really remove?</span>
          <span className={styles.decision}>
            <button type="button" onClick={() => setRemoving(false)}>
              Keep
            </button>
            <button type="button" data-danger onClick={() => void moderate('removePeer')}>
              Remove
            </button>
          </span>
        </div>
      )}
    </li>
  );
}

function DeviceState(props: { may: boolean; icon: ReactNode; fact: string; action: string; onClick: () => void }) {
  const { may, icon, fact, action, onClick } = props;
  if (may) {
    return (
      <button type="button" className={styles.icon} aria-label={action} title={action} onClick={onClick}>
        {icon}
      </button>
    );
  }
  return (
    <span className={styles.fact} role="img" aria-label={fact} title={fact}>
      {icon}
    </span>
  );
}
