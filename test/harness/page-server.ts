// Serves the pages of participants on an origin of their own, as an app's would be. Loopback counts as a secure context
// without TLS.
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const PAGES = ['main', 'react-app', 'template', 'player'] as const;
type PageName = (typeof PAGES)[number];

export class PageServer implements AsyncDisposable {
  readonly #scripts = new Map<string, Promise<string>>();
  readonly #server: Server;

  private constructor() {
    this.#server = createServer((request, response) => {
      const [, name = '', extension] = /^\/([\w-]+)(\.js)?(\?|$)/.exec(request.url ?? '') ?? [];
      if (!PAGES.some((page) => page === name)) return response.writeHead(404).end();
      if (!extension) return response.setHeader('content-type', 'text/html; charset=utf-8').end(htmlOf(name));
      response.setHeader('content-type', 'text/javascript; charset=utf-8');
      this.#script(name).then(
        (script) => response.end(script),
        (error) => response.writeHead(500).end(String(error)),
      );
    });
  }

  static async start(): Promise<PageServer> {
    const pages = new PageServer();
    await new Promise<void>((resolve) => pages.#server.listen(0, '127.0.0.1', resolve));
    return pages;
  }

  url(page: PageName): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}/${page}`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  /** Bundled once, when first asked for. */
  #script(name: string): Promise<string> {
    let script = this.#scripts.get(name);
    if (!script) {
      script = bundle(name);
      this.#scripts.set(name, script);
    }
    return script;
  }
}

function htmlOf(name: string): string {
  return `<!doctype html><meta charset="utf-8"><title>Participant</title><body><script src="/${name}.js"></script>`;
}

async function bundle(name: string): Promise<string> {
  const { outputFiles } = await build({
    entryPoints: [fileURLToPath(new URL(`../page/${name}.ts`, import.meta.url))],
    bundle: true,
    format: 'iife',
    write: false,
    logLevel: 'error',
    define: { global: 'globalThis', 'process.env.NODE_ENV': '"production"' },
  });
  return outputFiles[0]?.text ?? '';
}
