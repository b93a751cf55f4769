// nginx with its RTMP module: an RTMP server as the world runs it, which keeps what it receives.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { freePort } from './free-port.ts';

const START_TIMEOUT_MS = 5_000;

/** Where set-up has put it; nothing on machines that have no way to get it. */
export const NGINX = process.env.ROOMFUL_TEST_NGINX;

export class RtmpServer implements AsyncDisposable {
  readonly url: string;
  readonly #folder: string;
  readonly #process: ChildProcess;

  private constructor(url: string, folder: string, process: ChildProcess) {
    this.url = url;
    this.#folder = folder;
    this.#process = process;
  }

  static async start(): Promise<RtmpServer> {
    const folder = await mkdtemp(join(tmpdir(), 'roomful-rtmp-'));
    const port = await freePort();
    await writeFile(join(folder, 'nginx.conf'), settings(folder, port));
    const program = join(NGINX ?? '/', 'usr/sbin/nginx');
    const child = spawn(program, ['-e', `${folder}/error.log`, '-p', folder, '-c', `${folder}/nginx.conf`], {
      stdio: 'ignore',
    });
    await untilListening(port);
    return new RtmpServer(`rtmp://127.0.0.1:${port}/live`, folder, child);
  }

  /** Files of streams that have ended, as FLV. */
  async recordings(): Promise<string[]> {
    const names = await readdir(this.#folder);
    return names.filter((name) => name.endsWith('.flv')).map((name) => join(this.#folder, name));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const gone = once(this.#process, 'exit');
    this.#process.kill('SIGTERM');
    await gone;
    await rm(this.#folder, { recursive: true, force: true });
  }
}

function settings(folder: string, port: number): string {
  const user = process.getuid?.() === 0 ? 'user root;' : '';
  return `
${user}
daemon off;
worker_processes 1;
pid ${folder}/nginx.pid;
error_log ${folder}/error.log info;
load_module ${join(NGINX ?? '/', 'usr/lib/nginx/modules/ngx_rtmp_module.so')};
events {}
rtmp {
  access_log off;
  server {
    listen 127.0.0.1:${port};
    application live { live on; record all; record_path ${folder}; record_suffix .flv; }
  }
}
`;
}

async function untilListening(port: number): Promise<void> {
  for (const deadline = Date.now() + START_TIMEOUT_MS; Date.now() < deadline; await sleep(20)) {
    const socket = connect(port, '127.0.0.1');
    const isThere = await Promise.race([
      once(socket, 'connect').then(() => true),
      once(socket, 'close').then(() => false),
    ]).catch(() => false);
    socket.destroy();
    if (isThere) return;
  }
  throw new Error('nginx does not listen');
}
