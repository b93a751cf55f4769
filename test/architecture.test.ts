// The folders show the architecture only as long as imports follow it. Each rule says why it is there.
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { describe, expect, it } from 'vitest';

const ROOT = resolve(import.meta.dirname, '..');
const SRC = join(ROOT, 'src');

const WORDS = ['protocol', 'kit', 'errors', 'log', 'limits'];

/** Which parts of `src` a part may import, and the reason told when one imports another. */
const MAY_IMPORT: Record<string, { parts: string[]; why: string }> = {
  protocol: {
    parts: [],
    why: 'protocol holds the words we speak outward: schemas, types and ids that depend on nothing',
  },
  kit: { parts: [], why: 'kit holds tools without a domain' },
  errors: { parts: ['protocol', 'kit'], why: 'errors are made of words only' },
  log: { parts: ['protocol', 'kit'], why: 'the log knows no part of the product' },
  limits: { parts: [], why: 'the bounds depend on nothing' },
  config: { parts: ['protocol', 'kit', 'limits'], why: 'settings are read before any part exists' },
  store: { parts: WORDS, why: 'store holds rows and SQL; what they mean is decided in the domain folders' },
  access: { parts: WORDS, why: 'who may do what is decided without knowing how it was asked' },
  jobs: { parts: WORDS, why: 'the queue carries jobs; the node that takes them knows what they mean' },
  rooms: { parts: WORDS, why: 'rooms ask for a store and a media plane by shape, so that app.ts can hand over any' },
  media: { parts: WORDS, why: 'the SFU knows peers and streams, not rooms, sockets or tables' },
  quality: { parts: WORDS, why: 'quality asks for readings and a store by shape, whatever counted them' },
  webhooks: { parts: WORDS, why: 'webhooks deliver what the store hands them, whoever caused it' },
  doctor: { parts: WORDS, why: 'checks are handed what they look at, so that each can be tested without a server' },
  dashboard: { parts: WORDS, why: 'the dashboard asks for a store and keys by shape' },
  egress: {
    parts: WORDS,
    why: 'egress asks for a store, sessions and a tap by shape, so that app.ts can hand over any',
  },
  http: {
    parts: [...WORDS, 'rooms', 'webhooks', 'egress', 'access', 'dashboard', 'quality'],
    why: 'http translates requests for the front doors',
  },
  signaling: { parts: [...WORDS, 'rooms', 'egress', 'access'], why: 'signaling translates messages for rooms' },
  cli: {
    parts: [...WORDS, 'config', 'access', 'rooms', 'store', 'http', 'app'],
    why: 'commands use the front doors',
  },
};

/** What no part but these may import, of packages. */
const OWNERS: Record<string, { parts: string[]; why: string }> = {
  mediasoup: { parts: ['media'], why: 'the SFU could be another; only media knows that it is mediasoup' },
  'pg-boss': { parts: ['jobs'], why: 'the job queue could be another' },
  pg: { parts: ['store'], why: 'SQL and connections live in store' },
  kysely: { parts: ['store', 'jobs', 'app'], why: 'SQL lives in store' },
  fastify: { parts: ['http'], why: 'rooms and webhooks are asked through HTTP, they do not know it' },
  'socket.io': { parts: ['signaling'], why: 'rooms see a ParticipantLink, not a socket' },
  'node-av': { parts: ['egress'], why: 'FFmpeg runs in the children of egress only' },
  '@aws-sdk': { parts: ['egress'], why: 'object storage is one of the storages of egress' },
};

function sourceFiles(folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.ts') && !file.endsWith('.test.ts'))
    .map((file) => join(folder, file));
}

/** `rooms` for src/rooms/live-room.ts, `config` for src/config.ts. */
function partOf(file: string): string {
  const [first = ''] = relative(SRC, file).split('/');
  return first.replace(/\.ts$/, '');
}

function importsOf(file: string): string[] {
  const found = readFileSync(file, 'utf8').matchAll(/(?:from|import)\s*\(?\s*'([^']+)'/g);
  return [...found].map(([, specifier = '']) => specifier);
}

const files = sourceFiles(SRC);

describe('imports', () => {
  it('follow the table of parts', () => {
    const broken = files.flatMap((file) => {
      const rule = MAY_IMPORT[partOf(file)];
      if (!rule) return [];
      return importsOf(file)
        .filter((specifier) => specifier.startsWith('.'))
        .map((specifier) => partOf(resolve(dirname(file), specifier)))
        .filter((part) => part !== partOf(file) && !rule.parts.includes(part))
        .map((part) => `${relative(ROOT, file)} imports ${part}: ${rule.why}`);
    });
    expect(broken).toEqual([]);
  });

  it('leave each library to the part that owns it', () => {
    const broken = files.flatMap((file) =>
      importsOf(file).flatMap((specifier) => {
        const rule = Object.entries(OWNERS).find(
          ([name]) => specifier === name || specifier.startsWith(`${name}/`),
        )?.[1];
        return rule && !rule.parts.includes(partOf(file))
          ? [`${relative(ROOT, file)} imports ${specifier}: ${rule.why}`]
          : [];
      }),
    );
    expect(broken).toEqual([]);
  });

  it('never take a proprietary SDK into what is shipped', () => {
    const shipped = files.filter((file) =>
      importsOf(file).some((specifier) => specifier.startsWith('@videosdk.live/')),
    );
    expect(shipped).toEqual([]);
    const { dependencies } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as { dependencies: object };
    expect(Object.keys(dependencies).filter((name) => name.startsWith('@videosdk.live/'))).toEqual([]);
  });

  it('of the pages reach into the server for its words alone, and of the client know no page', () => {
    const pages = readdirSync(join(ROOT, 'web'), { recursive: true, encoding: 'utf8' })
      .filter((file) => /\.tsx?$/.test(file) && !file.includes('.test.'))
      .map((file) => join(ROOT, 'web', file));
    const broken = pages.flatMap((file) =>
      importsOf(file).flatMap((specifier) => {
        const target = specifier.startsWith('.') ? relative(ROOT, resolve(dirname(file), specifier)) : specifier;
        const inClient = relative(ROOT, file).startsWith('web/client/');
        const foreign = target.startsWith('src/') && !target.startsWith('src/protocol/');
        const upward = inClient && (/^web\/(?!client\/)/.test(target) || /^(react|@mantine|@tanstack)/.test(target));
        const proprietary = target.startsWith('@videosdk.live/');
        return foreign || upward || proprietary ? [`${relative(ROOT, file)} imports ${target}`] : [];
      }),
    );
    expect(broken).toEqual([]);
  });

  it('have a rule for every part', () => {
    const parts = new Set(files.map(partOf));
    const free = ['app', 'main'];
    expect([...parts].filter((part) => !(part in MAY_IMPORT) && !free.includes(part))).toEqual([]);
  });
});

describe('folders', () => {
  it('each tell in a README what lives there', () => {
    const folders = readdirSync(SRC, { withFileTypes: true }).filter((entry) => entry.isDirectory());
    const silent = folders.filter(({ name }) => !readdirSync(join(SRC, name)).includes('README.md'));
    expect(silent.map(({ name }) => name)).toEqual([]);
  });
});

describe('process.env', () => {
  it('is read by config.ts alone', () => {
    // PATH is handed on to child processes, not read.
    const readers = files.filter((file) => /process\.env(?!\.PATH)/.test(readFileSync(file, 'utf8')));
    // The launcher reads nothing: it takes it away while mediasoup starts a worker.
    expect(readers.map((file) => relative(ROOT, file))).toEqual(['src/config.ts', 'src/media/worker-launcher.ts']);
  });

  it('is inherited by no child process: each is given an environment of its own', () => {
    const starts = (file: string) => importsOf(file).includes('node:child_process');
    const names = (file: string) => /(childEnvironment|postgresEnvironment)\(/.test(readFileSync(file, 'utf8'));
    expect(files.filter((file) => starts(file) && !names(file)).map((file) => relative(ROOT, file))).toEqual([]);
  });
});

describe('promises', () => {
  /** A reply is one to the linter, since it can be awaited; its headers are set at once. */
  const ALLOWED = ['src/http/routes/watching.ts'];

  /** Ways to leave a promise to nobody; its rejection would end the process. */
  const FORSAKEN: Record<string, RegExp> = {
    'drops a promise with void; use inBackground': /(?<![\w'`.<>|])void\s+(?!\(await\b)[\w#([]/,
    'hands an async function to a timer; use inBackground': /\bset(Interval|Timeout|Immediate)\(\s*async\b/,
    'listens with an async function; use inBackground':
      /\.(on|once|addListener|addEventListener)\(\s*'[\w:-]+',\s*async\b/,
    'makes a promise with an async function, whose failure nobody hears of': /\bnew Promise(<[^(]*>)?\(\s*async\b/,
  };

  it('are never left to nobody', () => {
    const broken = files.flatMap((file) => {
      const code = withoutComments(readFileSync(file, 'utf8'));
      const found = Object.entries(FORSAKEN).filter(([, pattern]) => pattern.test(code));
      return found.map(([what]) => `${relative(ROOT, file)} ${what}`);
    });
    expect(broken.filter((sentence) => !ALLOWED.some((file) => sentence.startsWith(file)))).toEqual([]);
  });

  it.each([
    'setInterval(() => void this.#look(), 5);',
    'if (!this.#child) void this.#launch();',
    'void (this.#launch());',
    "channel.on('message', async (message) => take(message));",
    'setInterval(async () => look(), 5);',
    'return new Promise<void>(async (resolve) => resolve(await work()));',
  ])('are seen in %s', (code) => {
    expect(Object.values(FORSAKEN).some((pattern) => pattern.test(code))).toBe(true);
  });

  it.each([
    'const work: (id: string) => void = () => undefined;',
    'tell(): void | Promise<void> {',
    'async (request) => void (await signIns.authorize(request))',
    "socket.on('close', () => this.#closed());",
  ])('are not seen in %s', (code) => {
    expect(Object.values(FORSAKEN).some((pattern) => pattern.test(code))).toBe(false);
  });
});

function withoutComments(code: string): string {
  return code.replaceAll(/\/\*[\s\S]*?\*\//g, '').replaceAll(/^\s*\/\/.*$/gm, '');
}

it('of docs/security.md every test exists', () => {
  const document = readFileSync(join(ROOT, 'docs', 'security.md'), 'utf8');
  const named = [...document.matchAll(/`(?:[\w/-]+\/)?([\w-]+\.test\.ts)`/g)].map(([, name = '']) => name);
  const all = ['src', 'test'].flatMap((folder) =>
    readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' }),
  );
  const there = new Set(all.map((file) => file.split('/').at(-1)));
  expect(named.length).toBeGreaterThan(20);
  expect(named.filter((name) => !there.has(name))).toEqual([]);
});
