// Cameras and microphones that tabs have in the place of the browser's own fake ones.

/** The fake microphone's short beeps hardly count as speech; this has syllables. */
export const SPEAKING = `
  const real = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices);
  navigator.mediaDevices.getUserMedia = async (wish) => {
    if (!wish.audio) return real(wish);
    const context = new AudioContext();
    const voice = new OscillatorNode(context, { type: 'sawtooth', frequency: 180 });
    const volume = new GainNode(context, { gain: 0.5 });
    const syllables = new OscillatorNode(context, { frequency: 4 });
    const out = context.createMediaStreamDestination();
    syllables.connect(new GainNode(context, { gain: 0.5 })).connect(volume.gain);
    voice.connect(volume).connect(out);
    voice.start();
    syllables.start();
    return out.stream;
  };`;

/** Three layers of 720p from every tab are more than a test machine encodes; one journey has them. */
export const SMALL_CAMERA = `
  const real = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices);
  navigator.mediaDevices.getUserMedia = (wish) =>
    real(wish.video ? { video: { ...wish.video, width: 320, height: 180, frameRate: 15 } } : wish);`;
