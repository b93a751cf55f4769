// The command line as people use it: the real program, in a process of its own.
import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const TIMEOUT_MS = 60_000;

export interface Ran {
  code: number;
  out: string;
  err: string;
}

/** Runs `roomful <args>` with these settings and no others. */
export function roomful(args: readonly string[], env: Record<string, string>): Promise<Ran> {
  const { PATH, HOME, MEDIASOUP_WORKER_BIN } = process.env;
  const given = { PATH, HOME, ...(MEDIASOUP_WORKER_BIN && { MEDIASOUP_WORKER_BIN }), ...env };
  return new Promise((resolve, reject) => {
    execFile(
      process.execPath,
      ['src/main.ts', ...args],
      { cwd: ROOT, env: given, timeout: TIMEOUT_MS, killSignal: 'SIGKILL' },
      (error, out, err) => {
        const code = error ? error.code : 0;
        if (typeof code === 'number') resolve({ code, out: out.trim(), err: err.trim() });
        else reject(error);
      },
    );
  });
}
