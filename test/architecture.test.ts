// The folders show the architecture only as long as imports follow it. Each rule says why it is there.
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { describe, expect, it } from 'vitest';

const ROOT = resolve(import.meta.dirname, '..');
const SRC = join(ROOT, 'src');

const WORDS = ['protocol', 'kit', 'errors', 'log', 'limits'];

/** Which parts of `src` a part may import, and the reason that is shown when one imports another. */
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
  rooms: { parts: WORDS, why: 'rooms ask for a store by shape, so that app.ts can hand over any' },
  cluster: { parts: WORDS, why: 'nodes are counted without knowing what runs on them' },
  live: {
    parts: WORDS,
    why: 'live rooms ask for a store and a media plane by shape, so that app.ts can hand over any',
  },
  compositor: {
    parts: ['protocol', 'kit', 'limits'],
    why: 'the compositor is a process of its own: all it knows of the server is its IPC',
  },
  postgres: { parts: [...WORDS], why: 'the database process knows no tables' },
  media: { parts: WORDS, why: 'the SFU knows peers and streams, not rooms, sockets or tables' },
  quality: { parts: WORDS, why: 'quality asks for readings and a store by shape, whatever counted them' },
  webhooks: { parts: WORDS, why: 'webhooks deliver what the store hands them, whatever caused it' },
  doctor: { parts: WORDS, why: 'checks are handed what they look at, so that each can be tested without a server' },
  dashboard: { parts: WORDS, why: 'the dashboard asks for a store and keys by shape' },
  egress: {
    parts: [...WORDS, 'compositor'],
    why: 'egress asks for a store, sessions and a tap by shape, so that app.ts can hand over any',
  },
  http: {
    parts: [...WORDS, 'rooms', 'live', 'webhooks', 'egress', 'access', 'dashboard', 'quality'],
    why: 'http translates requests for the front doors',
  },
  signaling: { parts: [...WORDS, 'live'], why: 'signaling translates messages for live rooms' },
  cli: {
    parts: [...WORDS, 'config', 'access', 'rooms', 'live', 'store', 'postgres', 'http', 'app'],
    why: 'commands use the front doors',
  },
};

const PORTS = [
  'rooms',
  'live',
  'cluster',
  'access',
  'webhooks',
  'egress',
  'egress/storage',
  'dashboard',
  'quality',
  'doctor',
  'http',
];

/** Files of other parts that a part may name as types, which leaves no import when the server runs. */
const MAY_NAME: Record<string, { files: string[]; why: string }> = {
  store: {
    files: ['src/jobs/job.ts', ...PORTS.map((part) => `src/${part}/ports.ts`)],
    why: 'a store implements the port of the domain that uses it, and knows nothing else of it',
  },
  live: {
    files: ['src/jobs/job.ts', 'src/cluster/ports.ts'],
    why: 'commands for a session go to the node that has it, in one vocabulary of jobs',
  },
  egress: { files: ['src/jobs/job.ts', 'src/cluster/ports.ts'], why: 'see live' },
};

/** What others may import of a part, beside its ports; the rest of it can change without them. */
const FRONT_DOORS: Record<string, readonly string[]> = {
  rooms: ['rooms.ts'],
  live: ['live-room.ts', 'participant.ts', 'link.ts', 'topics.ts'],
  cluster: ['node.ts'],
  access: ['access.ts', 'attempts.ts', 'keys.ts', 'mint.ts', 'rest-calls.ts', 'sign-ins.ts'],
  egress: ['egress.ts', 'hls/hls-playlist.ts'],
  webhooks: ['webhooks.ts'],
  dashboard: ['dashboard.ts', 'feed.ts'],
  quality: ['quality.ts'],
  // The second is tried by `doctor`, as a page would be recorded.
  compositor: ['ipc.ts', 'page/browser.ts'],
};
/** It builds the parts, so that it knows their insides. */
const WIRING = ['app'];

/** What no part but these may import, of packages. */
const OWNERS: Record<string, { parts: string[]; why: string }> = {
  mediasoup: { parts: ['media'], why: 'the SFU could be another; only media knows that it is mediasoup' },
  'pg-boss': { parts: ['jobs'], why: 'the job queue could be another' },
  pg: { parts: ['store', 'postgres'], why: 'SQL and connections live in store' },
  kysely: { parts: ['store', 'jobs', 'app'], why: 'SQL lives in store' },
  fastify: { parts: ['http'], why: 'rooms and webhooks are asked through HTTP, they do not know it' },
  'socket.io': { parts: ['signaling'], why: 'rooms see a ParticipantLink, not a socket' },
  'node-av': { parts: ['compositor'], why: 'FFmpeg runs in the children of egress only' },
  '@aws-sdk': { parts: ['egress'], why: 'object storage is one of the storages of egress' },
};

function sourceFiles(folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.ts') && !file.endsWith('.test.ts'))
    .map((file) => join(folder, file));
}

/** `rooms` for src/live/live-room.ts, `config` for src/config/config.ts. */
function partOf(file: string): string {
  const [first = ''] = relative(SRC, file).split('/');
  return first.replace(/\.ts$/, '');
}

function importsOf(file: string): string[] {
  return specifiersIn(readFileSync(file, 'utf8'));
}

function specifiersIn(code: string): string[] {
  const found = code.matchAll(/(?:from|import)\s*\(?\s*'([^']+)'/g);
  return [...found].map(([, specifier = '']) => specifier);
}

/** Imports of a file other than those of types that its part may name. */
function importsBeyondNames(file: string): string[] {
  const { files: named = [] } = MAY_NAME[partOf(file)] ?? {};
  const code = readFileSync(file, 'utf8').replaceAll(
    /^import type [^;]*? from '(\.[^']+)';$/gm,
    (statement, specifier) => (named.includes(relative(ROOT, resolve(dirname(file), specifier))) ? '' : statement),
  );
  return specifiersIn(code);
}

const files = sourceFiles(SRC);
const pageFiles = ['web', 'packages'].flatMap((folder) =>
  readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' })
    .filter((file) => /\.tsx?$/.test(file) && !file.includes('.test.') && !file.includes('node_modules'))
    .map((file) => join(ROOT, folder, file)),
);

/** Groups of files that import each other, by way of others or not (Tarjan's strongly connected components). */
function circles(all: readonly string[]): string[][] {
  const known = new Set(all);
  const index = new Map<string, number>();
  const low = new Map<string, number>();
  const stack: string[] = [];
  const found: string[][] = [];
  const lowOf = (file: string) => low.get(file) ?? Number.POSITIVE_INFINITY;
  const visit = (file: string) => {
    index.set(file, index.size);
    low.set(file, index.size - 1);
    stack.push(file);
    for (const specifier of importsOf(file).filter((it) => it.startsWith('.'))) {
      const target = resolve(dirname(file), specifier);
      if (!known.has(target)) continue;
      if (!index.has(target)) visit(target);
      if (stack.includes(target)) low.set(file, Math.min(lowOf(file), lowOf(target)));
    }
    if (lowOf(file) !== index.get(file)) return;
    const circle = stack.splice(stack.indexOf(file));
    if (circle.length > 1) found.push(circle.map((it) => relative(ROOT, it)).sort());
  };
  for (const file of all) if (!index.has(file)) visit(file);
  return found;
}

describe('imports', () => {
  it('follow the table of parts', () => {
    const broken = files.flatMap((file) => {
      const rule = MAY_IMPORT[partOf(file)];
      if (!rule) return [];
      return importsBeyondNames(file)
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
    const broken = pageFiles.flatMap((file) =>
      importsOf(file).flatMap((specifier) => {
        const target = specifier.startsWith('.') ? relative(ROOT, resolve(dirname(file), specifier)) : specifier;
        const inClient = relative(ROOT, file).startsWith('packages/client/');
        const foreign = target.startsWith('src/') && !target.startsWith('src/protocol/');
        const upward = inClient && (target.startsWith('web/') || /^(react|@mantine|@tanstack)/.test(target));
        const proprietary = target.startsWith('@videosdk.live/');
        return foreign || upward || proprietary ? [`${relative(ROOT, file)} imports ${target}`] : [];
      }),
    );
    expect(broken).toEqual([]);
  });

  it('of the adapters for generations of clients know the seam, and are known to the server in front alone', () => {
    const SEAM = ['adapter', 'pubsub-session', 'watched-socket'].map((name) => `src/signaling/${name}.ts`);
    const words = WORDS.flatMap((part) => [`src/${part}/`, `src/${part}.ts`]);
    const isAdapter = (path: string) => path.startsWith('src/signaling/adapters/');
    const folderOf = (path: string) => path.split('/').slice(0, 4).join('/');
    const broken = files.flatMap((file) => {
      const from = relative(ROOT, file);
      const targets = importsOf(file)
        .filter((specifier) => specifier.startsWith('.'))
        .map((specifier) => relative(ROOT, resolve(dirname(file), specifier)));
      const bad = isAdapter(from)
        ? targets.filter((to) => {
            const allowed = [`${folderOf(from)}/`, ...SEAM, ...words];
            return !allowed.some((start) => to.startsWith(start));
          })
        : targets.filter((to) => isAdapter(to) && from !== 'src/signaling/server.ts');
      return bad.map((to) => `${from} imports ${to}`);
    });
    expect(broken).toEqual([]);
  });

  it('run in no circle, not even of types', () => {
    expect(circles([...files, ...pageFiles])).toEqual([]);
  });

  it('take a part by its front door', () => {
    const broken = files.flatMap((file) =>
      importsOf(file)
        .filter((specifier) => specifier.startsWith('.'))
        .map((specifier) => relative(SRC, resolve(dirname(file), specifier)))
        .filter((target) => {
          const [part = '', ...inside] = target.split('/');
          const doors = FRONT_DOORS[part];
          if (!doors || [part, ...WIRING].includes(partOf(file)) || inside.at(-1) === 'ports.ts') return false;
          return !doors.includes(inside.join('/'));
        })
        .map((target) => `${relative(ROOT, file)} imports ${target}, which is inside its part`),
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
  it('each say in a README what lives there', () => {
    const folders = readdirSync(SRC, { withFileTypes: true }).filter((entry) => entry.isDirectory());
    const silent = folders.filter(({ name }) => !readdirSync(join(SRC, name)).includes('README.md'));
    expect(silent.map(({ name }) => name)).toEqual([]);
  });
});

describe('process.env', () => {
  // The launcher reads nothing: it takes it away while mediasoup starts a worker.
  const READERS = ['src/config/config.ts', 'src/config/settings.ts', 'src/media/worker-launcher.ts'];

  it('is read by config alone', () => {
    // PATH is handed on to child processes, not read.
    const readers = files.filter((file) => /process\.env(?!\.PATH)/.test(readFileSync(file, 'utf8')));
    expect(readers.map((file) => relative(ROOT, file))).toEqual(READERS);
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
    'send(): void | Promise<void> {',
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
