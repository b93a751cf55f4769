// The process: which command, then for `serve` config, app and signals.
import { App } from './app/app.ts';
import { settingWarnings } from './app/setting-warnings.ts';
import { welcome } from './app/welcome.ts';
import { readConfig, settingsInForce, unknownSettings } from './config.ts';
import { StartError } from './kit/start-error.ts';
import { createLogger, type Logger } from './log.ts';

/** A drain that takes longer is ended; sessions have been told and ended by then. */
const DRAIN_TIMEOUT_MS = 30_000;

async function serve(): Promise<number> {
  const { config, secrets } = readConfig();
  const log = createLogger(config.logLevel);
  const ending = whatEnds(log);
  log.info({ config }, 'starting');
  const settings = settingsInForce();
  for (const warning of settingWarnings(config, { settings, unknown: unknownSettings() })) log.warn(warning);
  const startedAt = performance.now();
  const starting = App.start(config, secrets, log, { settings });
  const app = await Promise.race([starting, ending.then(() => undefined)]);
  if (app) {
    const { httpUrl, httpsUrl, publicUrl } = app;
    const startMs = Math.round(performance.now() - startedAt);
    log.info({ httpUrl, httpsUrl, publicUrl, pid: process.pid, startMs }, 'ready');
    // Programs that read the log get JSON lines only; people get this beside it.
    const screen = process.stdout.isTTY ? process.stdout : process.stderr;
    screen.write(await welcome({ app, keyIsGiven: secrets.firstKey !== undefined }));
  }
  const code = await ending;
  setTimeout(() => process.exit(code || 1), DRAIN_TIMEOUT_MS).unref();
  // What was told to end while it started has to be started before it can be stopped.
  await (await starting).stop();
  log.info('stopped');
  return code;
}

/**
 * Resolves with the exit code when the process has to end: on a signal, or after an error that nobody handled, since
 * nobody knows what it left behind. A second signal ends the process now.
 */
function whatEnds(log: Logger): Promise<number> {
  return new Promise((resolve) => {
    let isEnding = false;
    const onSignal = (signal: string) => {
      if (isEnding) process.exit(130);
      isEnding = true;
      log.info({ signal }, 'stopping; a second signal ends at once');
      resolve(0);
    };
    const onFatal = (error: unknown) => {
      log.fatal({ err: error }, 'unexpected error, stopping in order');
      isEnding = true;
      resolve(1);
    };
    process.on('SIGTERM', onSignal);
    process.on('SIGINT', onSignal);
    process.on('uncaughtException', onFatal);
    process.on('unhandledRejection', onFatal);
    // Whoever read the log may have gone; the server goes on without.
    for (const stream of [process.stdout, process.stderr]) stream.on('error', () => undefined);
  });
}

/** Whoever reads what a command prints may stop reading, such as `head`. */
function endWithReader(): void {
  process.stdout.on('error', (error: NodeJS.ErrnoException) => process.exit(error.code === 'EPIPE' ? 0 : 1));
}

async function main(args: string[]): Promise<number> {
  // What is written, also by the processes that we start, is for our user alone.
  process.umask(0o077);
  try {
    const [command = 'serve', ...rest] = args;
    if (command === 'serve') return await serve();
    endWithReader();
    return await (await import('./cli/cli.ts')).runCli([command, ...rest]);
  } catch (error) {
    const reason = error instanceof StartError ? error.message : (error as Error).stack;
    process.stderr.write(`\nRoomful could not start. ${reason}\n`);
    return 1;
  }
}

process.exitCode = await main(process.argv.slice(2));
