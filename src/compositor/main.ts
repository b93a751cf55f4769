// The program of an egress child: one composition, controlled by its parent over IPC.
import { inBackground } from '../kit/in-background.ts';
import { residentBytes } from '../kit/memory.ts';
import { clip } from '../kit/text.ts';
import { keepLog, withLastWords } from './ffmpeg.ts';
import { type Blame, type CompositorCommand, type CompositorEvent, readCommand } from './ipc.ts';
import { BadPage } from './page/page-scene.ts';
import { Pipeline } from './pipeline.ts';
import { reasonOf } from './sinks/sink.ts';

/** Of a reason that the parent is given. */
const MAX_REASON = 4000;
const STATS_INTERVAL_MS = 5000;
/** Files that cannot be finished in this time stay as they are, which plays too. */
const FINISH_TIMEOUT_MS = 120_000;

let isStarted = false;
let pipeline: Pipeline | undefined;
let isEnding = false;

function say(message: CompositorEvent): void {
  // Without a parent nobody listens; the files are finished all the same.
  if (process.connected) process.send?.(message, undefined, undefined, () => undefined);
}

const log = {
  error: ({ err, what }: { err: unknown; what: string }, msg: string) =>
    say({ type: 'log', level: 'error', msg, facts: { what, reason: reasonOf(err) } }),
};

async function start(command: CompositorCommand & { type: 'start' }): Promise<void> {
  const { config, page, isSecure = false, sinks, outboundAllow } = command;
  if (isStarted) throw new Error('started twice');
  isStarted = true;
  const opened = await Pipeline.open({
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
  pipeline = opened;
  reportStats(opened);
  const port = opened.meeting?.port;
  say({ type: 'ready', ...(port !== undefined && { port }) });
  await Promise.all(sinks.map((sink) => opened.addSink(sink)));
}

async function handleCommand(command: CompositorCommand): Promise<void> {
  if (command.type === 'start') return start(command);
  if (command.type === 'stop') return end();
  if (!pipeline) throw new Error(`${command.type} before it was ready`);
  const { meeting } = pipeline;
  switch (command.type) {
    case 'participants':
      return meeting?.setParticipants(command.participants);
    case 'active-speaker':
      return meeting?.setActiveSpeaker(command.participantId);
    case 'add-stream':
      return meeting?.addStream(command.stream);
    case 'remove-stream':
      return meeting?.removeStream(command.streamId);
    case 'stream-paused':
      return meeting?.setStreamPaused(command.streamId, command.paused);
    case 'secure':
      return meeting?.secure(command.keys);
    case 'add-sink':
      return pipeline.addSink(command.sink);
    case 'remove-sink':
      return pipeline.removeSink(command.sinkId);
  }
}

/** Finishes what there is and leaves. */
async function end(): Promise<void> {
  if (isEnding) return;
  isEnding = true;
  // Whatever happens from here on, the process ends.
  setTimeout(() => process.exit(1), FINISH_TIMEOUT_MS).unref();
  try {
    await pipeline?.stop();
    leave(0);
  } catch (error) {
    say({ type: 'log', level: 'error', msg: 'composition not finished', facts: { reason: reasonOf(error) } });
    leave(1);
  }
}

function endInBackground(): void {
  inBackground(log, 'end of the pipeline', end);
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

function reportStats(running: Pipeline): void {
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
  let command: CompositorCommand;
  try {
    command = readCommand(value);
  } catch (error) {
    die(`the server sent an invalid message (${reasonOf(error)})`);
    return;
  }
  handleCommand(command).catch((error: unknown) =>
    die(reasonOf(error), error instanceof BadPage ? 'destination' : 'us'),
  );
});
process.on('disconnect', endInBackground);
process.on('SIGTERM', endInBackground);
// Ctrl+C reaches the whole group of a terminal's processes; the parent decides what ends then.
process.on('SIGINT', () => undefined);
process.on('uncaughtException', (error) => die(error.stack ?? error.message));
process.on('unhandledRejection', (reason) => die(reasonOf(reason)));
