// A template as its author would write it: joins the room with the official SDK, without camera and microphone, and
// draws everybody. What it looks like is told by pub/sub.
import { type Participant, type Stream, VideoSDK } from '@videosdk.live/js-sdk';

const parameters = new URLSearchParams(location.search);
const given = (name: string) => parameters.get(name) ?? '';

const style = document.createElement('style');
style.textContent = `
  body { margin: 0; height: 100vh; display: flex; align-items: center; justify-content: center; gap: 2vw; }
  video { width: 40vw; height: 40vh; object-fit: cover; background: black; }
`;
document.head.append(style);
document.body.style.background = given('colour') || '#ff00ff';

function show(participant: Participant): void {
  const video = document.createElement('video');
  const audio = document.createElement('audio');
  for (const player of [video, audio]) player.autoplay = true;
  video.muted = true;
  const play = ({ kind, track }: Stream) => {
    const player = kind === 'video' ? video : audio;
    player.srcObject = new MediaStream([track]);
  };
  participant.on('stream-enabled', play);
  for (const stream of participant.streams.values()) play(stream);
  document.body.append(video, audio);
  participant.on('stream-disabled', ({ kind }: Stream) => {
    if (kind === 'video') video.srcObject = null;
  });
}

VideoSDK.config(given('token'));
const meeting = VideoSDK.initMeeting({
  meetingId: given('meetingId'),
  participantId: given('participantId'),
  name: 'Recorder',
  micEnabled: false,
  webcamEnabled: false,
  signalingBaseUrl: given('signalingBaseUrl'),
});
meeting.on('participant-joined', show);
meeting.on('meeting-joined', () => {
  void meeting.pubSub.subscribe('COLOUR', {
    onMessageReceived: ({ message }: { message: string }) => {
      document.body.style.background = message;
    },
  });
});
void meeting.join();
