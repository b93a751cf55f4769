// The own camera, microphone and screen: which device, whether it is on, and why it is not. Lives from the first preview
// to the end of the meeting.
import { Observable } from './observable.ts';

export type Source = 'mic' | 'camera';

/** Why a device cannot be used, for words of the page's own. */
export type Problem = 'blocked' | 'missing' | 'busy' | 'insecure' | 'failed';

export interface SourceState {
  /** What the person wants; the track may take a moment. */
  on: boolean;
  starting: boolean;
  track: MediaStreamTrack | undefined;
  deviceId: string;
  problem: Problem | undefined;
}

export interface LocalMediaState {
  mic: SourceState;
  camera: SourceState;
  screen: { video: MediaStreamTrack; audio: MediaStreamTrack | undefined } | undefined;
  devices: readonly Device[];
  speakerId: string;
}

export interface Device {
  id: string;
  kind: MediaDeviceKind;
  label: string;
}

const OFF: SourceState = { on: false, starting: false, track: undefined, deviceId: '', problem: undefined };

export class LocalMedia {
  readonly state = new Observable<LocalMediaState>({
    mic: OFF,
    camera: OFF,
    screen: undefined,
    devices: [],
    speakerId: '',
  });
  /** Each start or stop makes earlier ones of the same source void. */
  readonly #turns = { mic: 0, camera: 0 };
  readonly #onDeviceChange = () => void this.#listDevices();

  constructor() {
    navigator.mediaDevices?.addEventListener('devicechange', this.#onDeviceChange);
  }

  /** Turns a source on or off; off releases the device. Never rejects: the problem is in the state. */
  async turn(source: Source, on: boolean): Promise<void> {
    this.#turns[source] += 1;
    if (!on) {
      this.state.get()[source].track?.stop();
      this.#patch(source, { on: false, starting: false, track: undefined });
      return;
    }
    await this.#start(source, this.#turns[source]);
  }

  async select(source: Source, deviceId: string): Promise<void> {
    this.#patch(source, { deviceId });
    if (this.state.get()[source].on) await this.turn(source, true);
  }

  selectSpeaker(speakerId: string): void {
    this.state.patch({ speakerId });
  }

  /** Asks for a screen; resolves to false when the person chose none. */
  async shareScreen(): Promise<boolean> {
    let stream: MediaStream;
    try {
      stream = await navigator.mediaDevices.getDisplayMedia({ video: { frameRate: 30 }, audio: true });
    } catch (error) {
      if (problemOf(error) === 'blocked') return false;
      throw error;
    }
    const [video] = stream.getVideoTracks();
    if (!video) return false;
    video.contentHint = 'detail';
    // The browser has a button of its own for ending it.
    video.addEventListener('ended', () => this.stopScreen());
    this.state.patch({ screen: { video, audio: stream.getAudioTracks()[0] } });
    return true;
  }

  stopScreen(): void {
    const { screen } = this.state.get();
    screen?.video.stop();
    screen?.audio?.stop();
    this.state.patch({ screen: undefined });
  }

  /** Releases everything for good. */
  close(): void {
    navigator.mediaDevices?.removeEventListener('devicechange', this.#onDeviceChange);
    void this.turn('mic', false);
    void this.turn('camera', false);
    this.stopScreen();
  }

  async #start(source: Source, turn: number): Promise<void> {
    this.#patch(source, { on: true, starting: true, problem: undefined });
    try {
      const track = await capture(source, this.state.get()[source].deviceId);
      if (this.#turns[source] !== turn) {
        track.stop();
        return;
      }
      this.#adopt(source, track);
    } catch (error) {
      if (this.#turns[source] !== turn) return;
      const had = this.state.get()[source].track;
      // A newly chosen device that does not work leaves the old one running.
      this.#patch(source, { on: had !== undefined, starting: false, problem: problemOf(error) });
    }
    await this.#listDevices();
  }

  #adopt(source: Source, track: MediaStreamTrack): void {
    const { track: previous } = this.state.get()[source];
    const { deviceId = '' } = track.getSettings();
    this.#patch(source, { track, deviceId, starting: false });
    previous?.stop();
    track.addEventListener('ended', () => {
      if (this.state.get()[source].track !== track) return;
      // Unplugged, or taken away: another device of the kind takes over if there is one.
      this.#patch(source, { track: undefined, deviceId: '' });
      void this.turn(source, true);
    });
  }

  #patch(source: Source, change: Partial<SourceState>): void {
    this.state.patch({ [source]: { ...this.state.get()[source], ...change } });
  }

  async #listDevices(): Promise<void> {
    const found = (await navigator.mediaDevices?.enumerateDevices().catch(() => [])) ?? [];
    const devices = found
      .filter((it) => it.deviceId !== '')
      .map(({ deviceId: id, kind, label }) => ({ id, kind, label: label || NAME_OF_KIND[kind] }));
    this.state.patch({ devices });
  }
}

const NAME_OF_KIND: Record<MediaDeviceKind, string> = {
  audioinput: 'Microphone',
  audiooutput: 'Speaker',
  videoinput: 'Camera',
};

async function capture(source: Source, deviceId: string): Promise<MediaStreamTrack> {
  // Browsers offer devices to secure pages only.
  if (!navigator.mediaDevices) throw new DOMException('not a secure page', 'SecurityError');
  const device = deviceId === '' ? {} : { deviceId: { exact: deviceId } };
  const stream = await navigator.mediaDevices.getUserMedia(
    source === 'mic'
      ? { audio: { ...device, echoCancellation: true, noiseSuppression: true, autoGainControl: true } }
      : { video: { ...device, width: { ideal: 1280 }, height: { ideal: 720 }, frameRate: { ideal: 30 } } },
  );
  const [track] = stream.getTracks();
  if (!track) throw new DOMException('no track', 'NotFoundError');
  return track;
}

const PROBLEM_OF_ERROR: Record<string, Problem> = {
  NotAllowedError: 'blocked',
  PermissionDeniedError: 'blocked',
  SecurityError: 'insecure',
  NotFoundError: 'missing',
  DevicesNotFoundError: 'missing',
  OverconstrainedError: 'missing',
  NotReadableError: 'busy',
  TrackStartError: 'busy',
  AbortError: 'busy',
};

/** What the browser's error means for the person. */
export function problemOf(error: unknown): Problem {
  return PROBLEM_OF_ERROR[(error as Error)?.name] ?? 'failed';
}
