// Sends Opus-sized RTP packets to the ports it is told, and swallows what comes back. A process of its own, so that its
// work is in nobody else's figures.
import { createSocket } from 'node:dgram';

const PACKETS_PER_SECOND = 50;
const PAYLOAD_BYTES = 160;

const sink = createSocket('udp4');
sink.on('message', () => undefined);
await new Promise<void>((resolve) => sink.bind(0, '127.0.0.1', resolve));
process.send?.({ sinkPort: sink.address().port });

const source = createSocket('udp4');
let targets: { port: number; ssrc: number }[] = [];
let sequence = 0;

function packet(ssrc: number): Buffer {
  const bytes = Buffer.alloc(12 + PAYLOAD_BYTES, 0x5a);
  bytes[0] = 0x80;
  bytes[1] = 111;
  bytes.writeUInt16BE(sequence & 0xffff, 2);
  bytes.writeUInt32BE((sequence * 960) >>> 0, 4);
  bytes.writeUInt32BE(ssrc, 8);
  return bytes;
}

setInterval(() => {
  sequence += 1;
  for (const { port, ssrc } of targets) source.send(packet(ssrc), port, '127.0.0.1');
}, 1000 / PACKETS_PER_SECOND);

process.on('message', (message: { intake: typeof targets }) => {
  targets = message.intake;
  process.send?.('sending');
});
process.once('disconnect', () => process.exit());
