// Turns a fragmented MP4 into one that players can seek in from its first bytes on: the index in front.
import { AVERROR_EOF, AVMEDIA_TYPE_VIDEO } from 'node-av/constants';
import { Dictionary, FormatContext, Packet } from 'node-av/lib';
import { check, present } from '../ffmpeg.ts';

export async function remuxForFastStart(from: string, to: string): Promise<void> {
  const input = new FormatContext();
  const output = new FormatContext();
  const packet = new Packet();
  packet.alloc();
  try {
    check(await input.openInput(from), 'open recording');
    check(await input.findStreamInfo(), 'read recording');
    check(output.allocOutputContext2(null, 'mp4', to), 'create file');
    for (const stream of input.streams) {
      const copy = output.newStream();
      check(stream.codecpar.copy(copy.codecpar), 'copy stream');
      copy.codecpar.codecTag = 0;
      copy.timeBase = stream.timeBase;
      if (stream.codecpar.codecType === AVMEDIA_TYPE_VIDEO) copy.avgFrameRate = stream.avgFrameRate;
    }
    check(await output.openOutput(), 'open file');
    check(await output.writeHeader(Dictionary.fromObject({ movflags: '+faststart' })), 'begin file');
    await copyPackets(input, output, packet);
    check(await output.writeTrailer(), 'finish file');
  } finally {
    packet.free();
    await output.closeOutput();
    output.freeContext();
    await input.closeInput();
  }
}

async function copyPackets(input: FormatContext, output: FormatContext, packet: Packet): Promise<void> {
  const [sources, targets] = [input.streams, output.streams];
  for (;;) {
    const read = await input.readFrame(packet);
    if (read === AVERROR_EOF) return;
    check(read, 'read recording');
    const index = packet.streamIndex;
    const [source, target] = [present(sources[index], 'stream'), present(targets[index], 'stream')];
    packet.rescaleTs(source.timeBase, target.timeBase);
    check(await output.interleavedWriteFrame(packet), 'write file');
    packet.unref();
  }
}
