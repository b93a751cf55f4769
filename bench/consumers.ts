// What the SFU costs per forwarded packet, and what the Node process beside it does meanwhile: our media plane (its
// codecs, its WebRtcServer, its speaker observer, its samples of everybody's quality) against a bare mediasoup worker,
// the same packets through both. Receivers are plain UDP sockets, so encryption is in neither figure.
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { createWorker } from 'mediasoup';
import type { Consumer, PlainTransport, Router, RtpParameters, Worker } from 'mediasoup/types';
import { pino } from 'pino';
import { readConfig } from '../src/config.ts';
import { Media } from '../src/media/media.ts';
import type { PeerMedia } from '../src/media/peer-media.ts';
import { Quality } from '../src/quality/quality.ts';
import { openDatabase } from '../src/store/database.ts';
import { QualityStore } from '../src/store/quality-store.ts';
import { insertParticipant } from '../test/harness/participants.ts';
import { insertSession } from '../test/harness/sessions.ts';
import { median, type Row } from './table.ts';

const PUBLISHERS = 8;
const CONSUMERS_EACH = 40;
const ROUNDS = 5;
/** As long as the interval of samples, so that there is one in each round. */
const ROUND_MS = 10_000;

const CODECS = [
  { kind: 'audio' as const, mimeType: 'audio/opus', clockRate: 48000, channels: 2 },
  { kind: 'video' as const, mimeType: 'video/VP8', clockRate: 90000 },
];

function opus(ssrc: number): RtpParameters {
  return {
    codecs: [{ mimeType: 'audio/opus', payloadType: 111, clockRate: 48000, channels: 2, parameters: {} }],
    encodings: [{ ssrc }],
    rtcp: { cname: `bench-${ssrc}` },
  };
}

interface Plane {
  worker: Worker;
  router: Router;
  consumers: Consumer[];
  intake: { port: number; ssrc: number }[];
}

/** Publishers and consumers on a router; `sinkPort` swallows what is forwarded. */
async function fill(worker: Worker, router: Router, sinkPort: number): Promise<Plane> {
  const plane: Plane = { worker, router, consumers: [], intake: [] };
  const out: PlainTransport[] = [];
  for (let i = 0; i < CONSUMERS_EACH; i++) {
    const transport = await router.createPlainTransport({
      listenInfo: { protocol: 'udp', ip: '127.0.0.1' },
      rtcpMux: true,
    });
    await transport.connect({ ip: '127.0.0.1', port: sinkPort });
    out.push(transport);
  }
  for (let i = 0; i < PUBLISHERS; i++) {
    const ssrc = 1000 + i;
    const into = await router.createPlainTransport({
      listenInfo: { protocol: 'udp', ip: '127.0.0.1' },
      rtcpMux: true,
      comedia: true,
    });
    const producer = await into.produce({ kind: 'audio', rtpParameters: opus(ssrc) });
    plane.intake.push({ port: into.tuple.localPort, ssrc });
    for (const transport of out) {
      plane.consumers.push(
        await transport.consume({ producerId: producer.id, rtpCapabilities: router.rtpCapabilities }),
      );
    }
  }
  return plane;
}

interface Sample {
  /** Microseconds of the worker's CPU for each packet that it forwarded. */
  perPacketUs: number;
  /** CPU of this process, as a share of the worker's. */
  nodeShare: number;
}

async function measure(plane: Plane): Promise<Sample> {
  const read = async () => {
    const usage = await plane.worker.getResourceUsage();
    let packets = 0;
    for (const consumer of plane.consumers) {
      for (const stat of await consumer.getStats()) if (stat.type === 'outbound-rtp') packets += stat.packetCount;
    }
    return { workerMs: usage.ru_utime + usage.ru_stime, packets };
  };
  const before = await read();
  const nodeBefore = process.cpuUsage();
  const quiet = await plane.worker.getResourceUsage();
  await new Promise((resolve) => setTimeout(resolve, ROUND_MS));
  const node = process.cpuUsage(nodeBefore);
  const loud = await plane.worker.getResourceUsage();
  const after = await read();
  const workerMs = loud.ru_utime + loud.ru_stime - quiet.ru_utime - quiet.ru_stime;
  return {
    perPacketUs: (workerMs * 1000) / (after.packets - before.packets),
    nodeShare: (node.user + node.system) / 1000 / workerMs,
  };
}

/** Samples everybody's quality into the database, as the server does, and answers how to stop it. */
async function sampleQuality(
  databaseUrl: string,
  media: Media,
  peers: readonly PeerMedia[],
): Promise<() => Promise<void>> {
  const { db } = await openDatabase(databaseUrl);
  const { sessionId } = await insertSession(db);
  for (const [index] of peers.entries()) await insertParticipant(db, sessionId, `person-${index}`);
  const rows = await db.selectFrom('participants').where('session_id', '=', sessionId).select('id').execute();
  const present = peers.map((peer, index) => ({ row: rows[index]?.id ?? '', media: peer }));
  const quality = new Quality({
    store: new QualityStore(db),
    present: () => present,
    readStreams: () => media.readStreams(),
    onSampled: () => undefined,
    log: pino({ level: 'error' }),
  });
  await quality.start();
  return async () => {
    await quality.stop();
    const { count } = await db
      .selectFrom('quality_samples')
      .select((eb) => eb.fn.countAll<number>().as('count'))
      .executeTakeFirstOrThrow();
    if (count < peers.length) throw new Error('no samples were taken');
    await db.destroy();
  };
}

export async function benchConsumers(databaseUrl: string): Promise<Row[]> {
  const { workerBin } = readConfig().config.media;
  const load = fork(new URL('rtp-load.ts', import.meta.url));
  const [{ sinkPort }] = (await once(load, 'message')) as [{ sinkPort: number }];

  const media = new Media({
    listen: [{ listenAddress: '127.0.0.1' }],
    firstPort: 0,
    workers: 1,
    workerBin,
    log: pino({ level: 'silent' }),
  });
  await media.start();
  const [home] = media.workers;
  if (!home) throw new Error('no media worker');
  const bareWorker = await createWorker({ ...(workerBin && { workerBin }) });
  const ours = await fill(home.worker, home.router, sinkPort);
  const bare = await fill(bareWorker, await bareWorker.createRouter({ mediaCodecs: CODECS }), sinkPort);
  const observer = await home.router.createAudioLevelObserver({ maxEntries: 1, interval: 900 });
  for (const producerId of new Set(ours.consumers.map((consumer) => consumer.producerId))) {
    await observer.addProducer({ producerId });
  }

  const room = media.openRoom();
  const peers = Array.from({ length: CONSUMERS_EACH }, () => room.openPeer());
  for (const [index, consumer] of ours.consumers.entries()) {
    peers[index % CONSUMERS_EACH]?.consumers.set(consumer.id, consumer);
  }
  const stopSampling = await sampleQuality(databaseUrl, media, peers);

  const rounds: { ours: Sample; bare: Sample }[] = [];
  for (let i = 0; i < ROUNDS; i++) {
    const turn = async (plane: Plane) => {
      load.send({ intake: plane.intake });
      await once(load, 'message');
      return measure(plane);
    };
    rounds.push({ ours: await turn(ours), bare: await turn(bare) });
  }
  await stopSampling();
  load.disconnect();
  bareWorker.close();
  await media.stop();
  const ratio = median(rounds.map((it) => it.bare.perPacketUs / it.ours.perPacketUs));
  return [
    { what: 'streams forwarded at once', value: String(PUBLISHERS * CONSUMERS_EACH), target: '' },
    {
      what: 'worker CPU per packet',
      value: `${median(rounds.map((it) => it.ours.perPacketUs)).toFixed(2)} µs`,
      target: '',
    },
    {
      what: 'the same in bare mediasoup',
      value: `${median(rounds.map((it) => it.bare.perPacketUs)).toFixed(2)} µs`,
      target: '',
    },
    { what: 'consumers per core against bare mediasoup', value: ratio.toFixed(2), target: '≥ 0.95' },
    {
      what: 'Node process, share of the worker’s CPU',
      value: `${(median(rounds.map((it) => it.ours.nodeShare)) * 100).toFixed(1)} %`,
      target: '≤ 5 %',
    },
  ];
}
