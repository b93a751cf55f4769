// The program of an egress child: one composition, told what to do by its parent over IPC.
import { inBackground } from '../../kit/in-background.ts';
import { residentBytes } from '../../kit/memory.ts';
import { clip } from '../../kit/text.ts';
import type { FromChild, ToChild } from '../ipc.ts';
import { Composition } from './composition.ts';
import { keepLog, withLastWords } from './ffmpeg.ts';
import { readMessage } from './inbox.ts';
import { BadPage } from './page/page-scene.ts';
import { type Blame, reasonOf } from './sinks/sink.ts';

/** Of a reason that the parent is given. */
const MAX_REASON = 4000;
const STATS_INTERVAL_MS = 5000;
/** Files that cannot be finished in this time stay as they are, which plays too. */
const FINISH_TIMEOUT_MS = 120_000;

let isStarted = false;
let composition: Composition | undefined;
let isEnding = false;

function say(message: FromChild): void {
  // Without a parent there is nobody to tell; the files are finished all the same.
  if (process.connected) process.send?.(message, undefined, undefined, () => undefined);
}

const log = {
  error: ({ err, what }: { err: unknown; what: string }, msg: string) =>
    say({ type: 'log', level: 'error', msg, facts: { what, reason: reasonOf(err) } }),
};

async function start(message: Extract<ToChild, { type: 'start' }>): Promise<void> {
  const { config, page, isSecure = false, sinks, outboundAllow } = message;
  if (isStarted) throw new Error('started twice');
  isStarted = true;
  const opened = await Composition.open({
    config,
    page,
    isSecure,
    outboundAllow,
    events: {
      onWanted: (streams) => say({ type: 'wanted', streams }),
      onSinkStarted: (sinkId) => say({ type: 'sink-started', sinkId }),
      onSinkPlayable: (sinkId) => say({ type: 'sink-playable', sinkId }),
      onSinkFinished: (sinkId, file) => say({ type: 'sink-finished', sinkId, ...(file && { file }) }),
      onSinkFailed: (sinkId, reason, blame) =>
        say({ type: 'sink-failed', sinkId, reason: clip(reason, MAX_REASON), blame }),
      onBroken: (reason, blame) => die(withLastWords(reason), blame),
      log: (level, msg, facts) => say({ type: 'log', level, msg, facts }),
    },
  });
  composition = opened;
  reportStats(opened);
  const port = opened.meeting?.port;
  say({ type: 'ready', ...(port !== undefined && { port }) });
  await Promise.all(sinks.map((sink) => opened.addSink(sink)));
}

async function obey(message: ToChild): Promise<void> {
  if (message.type === 'start') return start(message);
  if (message.type === 'stop') return end();
  if (!composition) throw new Error(`${message.type} before it was ready`);
  const { meeting } = composition;
  switch (message.type) {
    case 'participants':
      return meeting?.setParticipants(message.participants);
    case 'active-speaker':
      return meeting?.setActiveSpeaker(message.participantId);
    case 'add-stream':
      return meeting?.addStream(message.stream);
    case 'remove-stream':
      return meeting?.removeStream(message.streamId);
    case 'stream-paused':
      return meeting?.setStreamPaused(message.streamId, message.paused);
    case 'secure':
      return meeting?.secure(message.keys);
    case 'add-sink':
      return composition.addSink(message.sink);
    case 'remove-sink':
      return composition.removeSink(message.sinkId);
  }
}

/** Finishes what there is and leaves. */
async function end(): Promise<void> {
  if (isEnding) return;
  isEnding = true;
  // Whatever happens from here on, the process ends.
  setTimeout(() => process.exit(1), FINISH_TIMEOUT_MS).unref();
  try {
    await composition?.stop();
    leave(0);
  } catch (error) {
    say({ type: 'log', level: 'error', msg: 'composition not finished', facts: { reason: reasonOf(error) } });
    leave(1);
  }
}

function endInBackground(): void {
  inBackground(log, 'end of the composition', end);
}

function die(reason: string, blame: Blame = 'us'): void {
  if (isEnding) return;
  isEnding = true;
  say({ type: 'fatal', reason: clip(reason, MAX_REASON), blame });
  leave(1);
}

/** The last messages are on their way when the channel has closed. */
function leave(code: number): void {
  if (!process.connected) process.exit(code);
  process.exitCode = code;
  process.once('disconnect', () => process.exit(code));
  process.disconnect();
}

function reportStats(running: Composition): void {
  let before = { usage: process.cpuUsage(), atMs: performance.now() };
  const timer = setInterval(() => {
    const now = { usage: process.cpuUsage(), atMs: performance.now() };
    const usedMs = (now.usage.user + now.usage.system - before.usage.user - before.usage.system) / 1000;
    say({
      type: 'stats',
      cpu: usedMs / (now.atMs - before.atMs),
      droppedTicks: running.droppedTicks,
      encodedFrames: running.encodedFrames,
      driftMs: running.driftMs,
      rssBytes: residentBytes(),
    });
    say({ type: 'log', level: 'debug', msg: 'scene', facts: running.facts() });
    before = now;
  }, STATS_INTERVAL_MS);
  timer.unref();
}

keepLog();
process.on('message', (value) => {
  const message = readMessage(value);
  if (!message) {
    die('the parent sent a message that is none');
    return;
  }
  obey(message).catch((error: unknown) => die(reasonOf(error), error instanceof BadPage ? 'destination' : 'us'));
});
process.on('disconnect', endInBackground);
process.on('SIGTERM', endInBackground);
// Ctrl+C reaches the whole group of a terminal's processes; the parent decides what ends then.
process.on('SIGINT', () => undefined);
process.on('uncaughtException', (error) => die(error.stack ?? error.message));
process.on('unhandledRejection', (reason) => die(reasonOf(reason)));
