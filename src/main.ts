// The process: which command, then for `serve` config, app and signals.
import { App } from './app/app.ts';
import { welcome } from './app/welcome.ts';
import { readConfig, settingsInForce } from './config.ts';
import { StartError } from './kit/start-error.ts';
import { createLogger, type Logger } from './log.ts';

/** A drain that takes longer is ended; sessions have been told and ended by then. */
const DRAIN_TIMEOUT_MS = 30_000;

async function serve(): Promise<number> {
  const { config, secrets } = readConfig();
  const log = createLogger(config.logLevel);
  log.info({ config }, 'starting');
  const startedAt = performance.now();
  const app = await App.start(config, secrets, log, { settings: settingsInForce() });
  const { httpUrl, httpsUrl, publicUrl } = app;
  const startMs = Math.round(performance.now() - startedAt);
  log.info({ httpUrl, httpsUrl, publicUrl, pid: process.pid, startMs }, 'ready');
  // Programs that read the log get JSON lines only; people get this beside it.
  const screen = process.stdout.isTTY ? process.stdout : process.stderr;
  screen.write(await welcome({ app, keyIsGiven: secrets.firstKey !== undefined }));
  await stopSignal(log);
  const lastResort = setTimeout(() => process.exit(1), DRAIN_TIMEOUT_MS);
  lastResort.unref();
  await app.stop();
  log.info('stopped');
  return 0;
}

/** The first signal drains, a second one ends the process now. */
function stopSignal(log: Logger): Promise<void> {
  return new Promise((resolve) => {
    let stopping = false;
    const onSignal = (signal: string) => {
      if (stopping) process.exit(130);
      stopping = true;
      log.info({ signal }, 'stopping; a second signal ends at once');
      resolve();
    };
    process.on('SIGTERM', onSignal);
    process.on('SIGINT', onSignal);
  });
}

/** Whoever reads what a command prints may stop reading, such as `head`. */
function endWithReader(): void {
  process.stdout.on('error', (error: NodeJS.ErrnoException) => process.exit(error.code === 'EPIPE' ? 0 : 1));
}

async function main(args: string[]): Promise<number> {
  try {
    const [command = 'serve', ...rest] = args;
    if (command === 'serve') return await serve();
    endWithReader();
    return await (await import('./cli/cli.ts')).runCli([command, ...rest]);
  } catch (error) {
    if (!(error instanceof StartError)) throw error;
    process.stderr.write(`\nRoomful could not start. ${error.message}\n`);
    return 1;
  }
}

process.exitCode = await main(process.argv.slice(2));
