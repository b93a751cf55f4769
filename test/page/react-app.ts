// A small app made with the official React SDK. Its settings are in the address, its state is on the screen.
import { MeetingProvider, useMeeting, useParticipant, VideoPlayer } from '@videosdk.live/react-sdk';
import { createElement as h } from 'react';
import { createRoot } from 'react-dom/client';
import type { Opening } from '../harness/sdk-page-api.ts';

const { token, meeting } = JSON.parse(decodeURIComponent(location.hash.slice(1))) as Opening;

function Person({ id }: { id: string }) {
  const { displayName, webcamOn, micOn } = useParticipant(id);
  const state = `${displayName}: camera ${webcamOn ? 'on' : 'off'}, microphone ${micOn ? 'on' : 'off'}`;
  return h('li', { id }, state, h(VideoPlayer, { participantId: id, type: 'video' }));
}

function Room() {
  const { participants, toggleMic, leave } = useMeeting();
  return h(
    'main',
    null,
    h('button', { type: 'button', onClick: () => toggleMic() }, 'Microphone'),
    h('button', { type: 'button', onClick: () => leave() }, 'Leave'),
    h(
      'ul',
      // The SDK pauses whoever is scrolled out of sight: there is room for everybody.
      { style: { width: 240 } },
      [...participants.keys()].map((id) => h(Person, { key: id, id })),
    ),
  );
}

// biome-ignore lint/suspicious/noExplicitAny: the options are those of the test
const config = { debugMode: false, ...meeting } as any;
createRoot(document.body.appendChild(document.createElement('div'))).render(
  h(MeetingProvider, { config, token, joinWithoutUserInteraction: true }, h(Room)),
);
