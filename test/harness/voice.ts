// A voice for tabs whose speaking has to be noticed.

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
