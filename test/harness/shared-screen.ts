// A screen to share that is one colour and sounds of one tone, so that both can be found wherever they end up.

export const SCREEN = { colour: '#ff00ff', hertz: 2100 };

/** To be run in a tab before its page. */
export const SHARED_SCREEN = `
  navigator.mediaDevices.getDisplayMedia = async () => {
    const canvas = document.createElement('canvas');
    [canvas.width, canvas.height] = [1280, 720];
    const brush = canvas.getContext('2d');
    let turn = 0;
    setInterval(() => {
      brush.fillStyle = '${SCREEN.colour}';
      brush.fillRect(0, 0, 1280, 720);
      // A screen that does not change sends no pictures.
      brush.fillStyle = turn++ % 2 ? '#fe00ff' : '${SCREEN.colour}';
      brush.fillRect(0, 0, 16, 16);
    }, 100);
    const context = new AudioContext();
    const out = context.createMediaStreamDestination();
    const tone = new OscillatorNode(context, { frequency: ${SCREEN.hertz} });
    tone.connect(new GainNode(context, { gain: 0.3 })).connect(out);
    tone.start();
    return new MediaStream([...canvas.captureStream(15).getTracks(), ...out.stream.getTracks()]);
  };`;
