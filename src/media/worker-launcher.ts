// How a media worker is started: without our environment, and not as root.
import { accessSync, constants } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { createWorker, workerBin as workerOfMediasoup } from 'mediasoup';
import type { Worker, WorkerLogLevel } from 'mediasoup/types';
import { childEnvironment, isRunAsRoot, unprivilegedUser } from '../kit/child-process.ts';

export interface LaunchOptions {
  /** Empty: the one that came with mediasoup. */
  workerBin: string;
  /** The first port that it will listen on; 0 is any. */
  port: number;
  logLevel: WorkerLogLevel;
}

export interface LaunchedWorker {
  worker: Worker;
  /** It runs as root, since this machine has no way to start it as another user. */
  isRoot: boolean;
}

const SCRIPT = fileURLToPath(new URL('./start-worker.sh', import.meta.url));
/** Below it are those that only root may listen on. */
const FIRST_FREE_PORT = 1024;

/** Rejects when it could not be started. */
export async function launchWorker({ workerBin, port, logLevel }: LaunchOptions): Promise<LaunchedWorker> {
  const program = workerBin || workerOfMediasoup;
  accessSync(program, constants.X_OK);
  const worker = await withEnvironment(environmentFor(program, port), () =>
    // There is no shell on Windows; the environment is as short there.
    createWorker({ logLevel, workerBin: process.platform === 'win32' ? program : SCRIPT }),
  );
  return { worker, isRoot: isRunAsRoot(worker.pid) };
}

/** What `start-worker.sh` reads. */
function environmentFor(program: string, port: number): NodeJS.ProcessEnv {
  return childEnvironment({
    WORKER: program,
    ACCOUNT: String(unprivilegedUser('media worker')?.uid ?? ''),
    RIGHTS: port > 0 && port < FIRST_FREE_PORT ? ',+net_bind_service' : '',
  });
}

/** mediasoup hands on the environment of this process and takes no other; so for the moment of `start` we have another. */
function withEnvironment<T>(environment: NodeJS.ProcessEnv, start: () => T): T {
  const ours = process.env;
  process.env = environment;
  try {
    return start();
  } finally {
    process.env = ours;
  }
}
