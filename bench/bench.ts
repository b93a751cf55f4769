// `npm run bench`: every measurement, side by side with what it is compared with, as the tables of docs/performance.md.
// `npm run bench -- rooms` runs one of them.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createLogger } from '../src/log.ts';
import { EmbeddedPostgres } from '../src/store/embedded-postgres.ts';
import { benchConsumers } from './consumers.ts';
import { benchCrowd } from './crowd.ts';
import { benchIdle } from './idle.ts';
import { benchJoin } from './join.ts';
import { benchPages } from './pages.ts';
import { benchRecording } from './recording.ts';
import { benchRoomCreation } from './room-creation.ts';
import { benchStreaming } from './streaming.ts';
import { hardware, type Row, table } from './table.ts';
import { benchWebhooks } from './webhook-delivery.ts';

const BENCHES: Record<string, { title: string; run: (databaseUrl: string) => Promise<Row[]> }> = {
  rooms: { title: 'Creating rooms', run: benchRoomCreation },
  webhooks: { title: 'Delivering webhooks', run: benchWebhooks },
  join: { title: 'Joining', run: benchJoin },
  consumers: { title: 'Forwarding media', run: benchConsumers },
  recording: { title: 'Recording at 720p30', run: benchRecording },
  streaming: { title: 'Streaming as HLS', run: benchStreaming },
  crowd: { title: 'A full room', run: benchCrowd },
  pages: { title: 'Pages', run: benchPages },
  idle: { title: 'Doing nothing', run: benchIdle },
};

const wanted = process.argv.slice(2);
const unknown = wanted.filter((name) => !(name in BENCHES));
if (unknown.length > 0) {
  console.error(`Unknown: ${unknown.join(', ')}. There are ${Object.keys(BENCHES).join(', ')}.`);
  process.exit(2);
}

const dataDir = await mkdtemp(join(tmpdir(), 'roomful-bench-'));
const postgres = await EmbeddedPostgres.start({ dataDir, log: createLogger('warn') });
console.log(`Measured on ${hardware()}, all traffic on the loopback.\n`);
try {
  for (const [name, { title, run }] of Object.entries(BENCHES)) {
    if (wanted.length === 0 || wanted.includes(name)) console.log(table(title, await run(postgres.url)));
  }
} finally {
  await postgres.stop();
  await rm(dataDir, { recursive: true, force: true });
}
process.exit();
