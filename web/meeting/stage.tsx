import { IconChevronLeft, IconChevronRight } from '@tabler/icons-react';
import { useState } from 'react';
import type { Meeting } from '../client/meeting.ts';
import type { MeetingState, Participant } from '../client/meeting-state.ts';
import styles from './call.module.css';
import type { View } from './call.tsx';
import { useSize } from './hooks.ts';
import { focusOn, gridFor } from './layout.ts';
import { Tile } from './tile.tsx';

interface Props {
  meeting: Meeting;
  state: MeetingState;
  view: View;
  /** Whom one wants to see large, before whom somebody pinned for everybody. */
  enlargedId: string | undefined;
  onEnlarge: (id: string | undefined) => void;
}

/** Everybody's pictures: in a grid, or one large and the others beside it. */
export function Stage({ meeting, state, view, enlargedId, onEnlarge }: Props) {
  const { participants, lastSpeakerId } = state;
  const pinnedId = participants.some(({ id }) => id === enlargedId) ? enlargedId : state.pinnedId;
  const people = participants.map(({ id, isMe, on }) => ({ id, isMe, sharing: on.share }));
  const { main, others } = focusOn({ people, view, pinnedId, activeSpeakerId: lastSpeakerId });
  const byId = new Map(participants.map((it) => [it.id, it]));
  const shown = others.flatMap((id) => byId.get(id) ?? []);
  const inMain = main && byId.get(main.id);
  const tiles = { meeting, state, enlargedId, onEnlarge };
  if (!main || !inMain) return <Grid {...tiles} people={shown} />;
  return (
    <div className={styles.focus}>
      <div className={styles.main}>
        <Tile {...tileProps(tiles, inMain)} kind={main.kind} large />
      </div>
      {shown.length > 0 && (
        <ul className={styles.strip} aria-label="Participants">
          {shown.map((it) => (
            <li key={it.id}>
              <Tile {...tileProps(tiles, it)} kind="video" />
            </li>
          ))}
        </ul>
      )}
    </div>
  );
}

type Tiles = Pick<Props, 'meeting' | 'state' | 'enlargedId' | 'onEnlarge'>;

function tileProps({ meeting, state, enlargedId, onEnlarge }: Tiles, participant: Participant) {
  return {
    meeting,
    participant,
    speaking: state.activeSpeakerId === participant.id,
    handRaised: state.hands.includes(participant.id),
    pinned: state.pinnedId === participant.id,
    enlarged: enlargedId === participant.id,
    onEnlarge,
  };
}

function Grid({ people, ...tiles }: Tiles & { people: Participant[] }) {
  const [ref, room] = useSize();
  const [wantedPage, setPage] = useState(0);
  const { tile, perPage, columns } = gridFor(people.length, room);
  const pages = Math.ceil(people.length / perPage);
  const page = Math.min(wantedPage, pages - 1);
  const shown = people.slice(page * perPage, (page + 1) * perPage);
  return (
    <div className={styles.gridBox}>
      <ul ref={ref} className={styles.grid} aria-label="Participants" data-columns={columns}>
        {tile.width > 0 &&
          shown.map((it) => (
            <li key={it.id} style={tile}>
              <Tile {...tileProps(tiles, it)} kind="video" />
            </li>
          ))}
      </ul>
      {pages > 1 && (
        <nav className={styles.pager} aria-label="Pages of participants">
          <button type="button" aria-label="Previous page" disabled={page === 0} onClick={() => setPage(page - 1)}>
            <IconChevronLeft size={20} aria-hidden />
          </button>
          {page + 1} / {pages}
          <button type="button" aria-label="Next page" disabled={page === pages - 1} onClick={() => setPage(page + 1)}>
            <IconChevronRight size={20} aria-hidden />
          </button>
        </nav>
      )}
    </div>
  );
}
