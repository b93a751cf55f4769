// Kills a process in the middle of delivering webhooks, again and again, and looks at what the receiver got.
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { publishTo, untilSettled } from './deliveries.ts';
import { ScriptedReceiver } from './scripted-receiver.ts';
import { insertSession } from './sessions.ts';
import type { TestDatabase } from './test-database.ts';

const SESSIONS = 10;
const EVENTS_PER_SESSION = 15;

export interface KillReport {
  kills: number;
  published: number;
  /** Events that never arrived. */
  lost: number;
  /** Arrivals after a later event of their session. */
  reordered: number;
  /** Arrivals of events that had arrived before. */
  repeated: number;
}

/** Each round publishes events while they are delivered, and kills the deliverer after a part of them has arrived. */
export async function killInTheMiddle(database: TestDatabase, rounds: number): Promise<KillReport> {
  await using receiver = await ScriptedReceiver.start();
  const report: KillReport = { kills: 0, published: 0, lost: 0, reordered: 0, repeated: 0 };
  let child = await startDeliverer(database.url);
  try {
    for (let round = 0; round < rounds; round++) {
      const sessions = await newSessions(database, receiver.url);
      const before = receiver.arrivals.length;
      const publishing = Promise.all(sessions.map((id) => publishAll(database, id)));
      const killAfter = Math.floor((SESSIONS * EVENTS_PER_SESSION * (round + 0.5)) / rounds);
      await receiver.until((arrivals) => arrivals.length - before >= killAfter);
      await kill(child);
      report.kills++;
      child = await startDeliverer(database.url);
      await publishing;
      for (const id of sessions) await untilSettled(database.db, id);
      for (const id of sessions) judge(report, receiver.sequences(id));
    }
  } finally {
    await kill(child);
  }
  return report;
}

async function startDeliverer(url: string): Promise<ChildProcess> {
  const child = fork(new URL('deliverer-process.ts', import.meta.url), [url]);
  await once(child, 'message');
  return child;
}

async function kill(child: ChildProcess): Promise<void> {
  const exited = once(child, 'exit');
  child.kill('SIGKILL');
  await exited;
}

function newSessions(database: TestDatabase, url: string): Promise<string[]> {
  return Promise.all(
    Array.from({ length: SESSIONS }, async () => {
      const { sessionId } = await insertSession(database.db, { webhook: { endPoint: url } });
      return sessionId;
    }),
  );
}

async function publishAll(database: TestDatabase, sessionId: string): Promise<void> {
  for (let i = 0; i < EVENTS_PER_SESSION; i++) await publishTo(database.db, sessionId);
}

function judge(report: KillReport, sequences: number[]): void {
  const distinct = new Set(sequences);
  report.published += EVENTS_PER_SESSION;
  report.lost += EVENTS_PER_SESSION - distinct.size;
  report.repeated += sequences.length - distinct.size;
  report.reordered += sequences.filter((sequence, index) => sequence < (sequences[index - 1] ?? 0)).length;
}
