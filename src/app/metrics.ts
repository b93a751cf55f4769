// What `/metrics` tells beside the requests: the live side, read when it is asked for, and webhook attempts.
import { collectDefaultMetrics, Gauge, Histogram, type Registry } from 'prom-client';

/** The process wakes up as often; by default it is a hundred times a second, all that an idle server does. */
const EVENT_LOOP_LOOK_MS = 100;

interface LiveFacts {
  rooms: { counts: { sessions: number; participants: number } };
  media: { workers: { index: number; consumers: number }[] };
}

interface EgressFacts {
  counts: {
    running: number;
    waiting: number;
    compositions: number;
    cpu: number;
    memoryBytes: number;
    droppedTicks: number;
    driftSeconds: number;
  };
}

/** What `/metrics` tells of recordings, HLS and livestreams. */
export function measureEgress(registry: Registry, egress: EgressFacts, pendingUploads: () => Promise<number>): void {
  new Gauge({
    name: 'roomful_uploads_waiting',
    help: 'Finished files of this node that are still to be brought to a storage or a signed address.',
    registers: [registry],
    async collect() {
      this.set(await pendingUploads());
    },
  });
  const gauges: [name: string, help: string, value: keyof EgressFacts['counts']][] = [
    ['roomful_egresses', 'Recordings, HLS streams and livestreams that run on this node.', 'running'],
    ['roomful_egresses_waiting', 'Those that wait for a free slot on this node.', 'waiting'],
    ['roomful_compositions', 'Compositor processes of this node.', 'compositions'],
    ['roomful_compositions_cpu', 'Cores that they use together.', 'cpu'],
    ['roomful_compositions_memory_bytes', 'Memory that they use together.', 'memoryBytes'],
    [
      'roomful_compositions_dropped_ticks',
      'Pictures that running compositions left out for want of time.',
      'droppedTicks',
    ],
    [
      'roomful_compositions_drift_seconds',
      'How far sound and picture of a running composition are apart, in the worst of them.',
      'driftSeconds',
    ],
  ];
  for (const [name, help, value] of gauges) {
    new Gauge({
      name,
      help,
      registers: [registry],
      collect() {
        this.set(egress.counts[value]);
      },
    });
  }
}

export function measureLive(registry: Registry, { rooms, media }: LiveFacts): void {
  collectDefaultMetrics({ register: registry, eventLoopMonitoringPrecision: EVENT_LOOP_LOOK_MS });
  new Gauge({
    name: 'roomful_sessions',
    help: 'Sessions live on this node.',
    registers: [registry],
    collect() {
      this.set(rooms.counts.sessions);
    },
  });
  new Gauge({
    name: 'roomful_participants',
    help: 'Participants on this node.',
    registers: [registry],
    collect() {
      this.set(rooms.counts.participants);
    },
  });
  new Gauge({
    name: 'roomful_media_consumers',
    help: 'Streams that a media worker forwards to participants.',
    labelNames: ['worker'],
    registers: [registry],
    collect() {
      this.reset();
      for (const { index, consumers } of media.workers) this.set({ worker: String(index) }, consumers);
    },
  });
}

export function measureNode(registry: Registry, node: { state: string }): void {
  new Gauge({
    name: 'roomful_node_draining',
    help: '1 while this node takes no new sessions, since it is being taken out of service; else 0.',
    registers: [registry],
    collect() {
      this.set(node.state === 'up' ? 0 : 1);
    },
  });
}

interface WebhookMetrics {
  attempted(facts: { ok: boolean; lane: string; durationMs: number }): void;
}

export function measureWebhooks(registry: Registry): WebhookMetrics {
  const attempts = new Histogram({
    name: 'roomful_webhook_attempt_duration_seconds',
    help: 'Attempts to deliver webhooks, by lane and whether they succeeded.',
    labelNames: ['lane', 'ok'],
    buckets: [0.005, 0.02, 0.1, 0.5, 2, 10],
    registers: [registry],
  });
  return {
    attempted: ({ ok, lane, durationMs }) => attempts.observe({ lane, ok: String(ok) }, durationMs / 1000),
  };
}
