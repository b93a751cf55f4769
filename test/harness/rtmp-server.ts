// An RTMP server that somebody else wrote: FFmpeg's, which takes one stream and hands it on as packets.
import { AVMEDIA_TYPE_VIDEO } from 'node-av/constants';
import { Codec, CodecContext, Dictionary, FormatContext, Frame, Packet } from 'node-av/lib';

export interface RtmpReception {
  /** Resolves when the stream has ended. */
  done: Promise<void>;
  /** Pictures decoded so far, as times in seconds. */
  pictures: number[];
  soundPackets: number;
  width: number;
  height: number;
}

/** Listens at once; times out by itself when nobody comes. */
export function receiveRtmp(port: number, path: string): RtmpReception {
  const reception: RtmpReception = { done: Promise.resolve(), pictures: [], soundPackets: 0, width: 0, height: 0 };
  reception.done = receive(port, path, reception);
  return reception;
}

async function receive(port: number, path: string, reception: RtmpReception): Promise<void> {
  const input = new FormatContext();
  const options = Dictionary.fromObject({ listen: 1, timeout: 20 });
  if ((await input.openInput(`rtmp://127.0.0.1:${port}/${path}`, null, options)) < 0) return;
  await input.findStreamInfo();
  const index = input.streams.findIndex((stream) => stream.codecpar.codecType === AVMEDIA_TYPE_VIDEO);
  const video = input.streams[index];
  if (!video) return;
  reception.width = video.codecpar.width;
  reception.height = video.codecpar.height;
  const decoder = new CodecContext();
  const codec = Codec.findDecoder(video.codecpar.codecId);
  decoder.allocContext3(codec);
  video.codecpar.toContext(decoder);
  await decoder.open2(codec, null);
  const packet = new Packet();
  const frame = new Frame();
  packet.alloc();
  frame.alloc();
  while ((await input.readFrame(packet)) === 0) {
    if (packet.streamIndex === index) {
      decoder.sendPacketSync(packet);
      while (decoder.receiveFrameSync(frame) === 0) {
        reception.pictures.push((Number(frame.bestEffortTimestamp) * video.timeBase.num) / video.timeBase.den);
      }
    } else {
      reception.soundPackets += 1;
    }
    packet.unref();
  }
  packet.free();
  frame.free();
  decoder.freeContext();
  await input.closeInput();
}
