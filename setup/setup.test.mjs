import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { runCommand } from './command.mjs';
import { prepareSources } from './media-worker/build.mjs';
import { ensureMediaWorker } from './media-worker.mjs';
import { withSetupLock } from './setup-lock.mjs';
import { ensureTestBrowser } from './test-browser.mjs';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
let folder;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'roomful-setup-'));
});

afterEach(() => rmSync(folder, { recursive: true, force: true }));

describe('set-up as a whole', () => {
  test('an old Node is refused in a sentence', async () => {
    const old = "Object.defineProperty(process, 'versions', { value: { node: '18.20.0' } })";
    const imports = ['--import', `data:text/javascript,${encodeURIComponent(old)}`];
    const { code, tail } = await runCommand(process.execPath, [...imports, join(root, 'setup', 'setup.mjs')]);
    expect({ code, said: tail.join(' ').trim() }).toEqual({
      code: 1,
      said: 'Roomful needs Node.js 20 or newer to set itself up, and this is 18.20.0. Install a newer one.',
    });
  });

  test('a registry that does not answer ends it with what npm said and what to check', async () => {
    cpSync(join(root, 'setup'), join(folder, 'setup'), { recursive: true });
    const dependency = { 'left-out': '1.0.0' };
    const entry = { version: '1.0.0', integrity: 'sha512-AAAA' };
    const packages = { '': { dependencies: dependency }, 'node_modules/left-out': entry };
    writeFileSync(join(folder, 'package.json'), JSON.stringify({ dependencies: dependency }));
    writeFileSync(join(folder, 'package-lock.json'), JSON.stringify({ lockfileVersion: 3, packages }));
    const { code, tail } = await runCommand(process.execPath, [join(folder, 'setup', 'setup.mjs')], {
      env: {
        ...process.env,
        npm_config_registry: 'http://127.0.0.1:9',
        npm_config_fetch_retries: '0',
        npm_config_cache: join(folder, 'npm-cache'),
      },
    });
    const said = tail.join('\n');
    expect(code).toBe(1);
    expect(said).toContain('The dependencies could not be installed');
    expect(said).toContain('ECONNREFUSED');
    expect(said).toContain('reaches your npm registry');
    expect(said).not.toMatch(/^ {4}at /m);
    expect(existsSync(join(folder, '.setup.lock'))).toBe(false);
  });

  test('the lock file names the packages of all platforms, as npm ci demands', async () => {
    const { code, tail } = await runCommand(process.execPath, [
      join(root, 'setup', 'complete-lock-file.mjs'),
      '--check',
    ]);
    expect({ code, tail }).toEqual({ code: 0, tail: [] });
  });
});

describe('the lock', () => {
  test('two at once run one after the other', async () => {
    const path = join(folder, 'lock');
    const order = [];
    const { promise: firstMayEnd, resolve: endFirst } = Promise.withResolvers();
    const first = withSetupLock(path, expect.fail, async () => {
      order.push('first begins');
      await firstMayEnd;
      order.push('first ends');
    });
    const waits = (pid) => {
      order.push(`second waits for ${pid === process.pid ? 'first' : pid}`);
      endFirst();
    };
    await withSetupLock(path, waits, async () => order.push('second runs'));
    await first;
    expect(order).toEqual(['first begins', 'second waits for first', 'first ends', 'second runs']);
    expect(existsSync(path)).toBe(false);
  });

  test('it is released when the work fails', async () => {
    const path = join(folder, 'lock');
    const work = withSetupLock(path, expect.fail, () => Promise.reject(new Error('no luck')));
    await expect(work).rejects.toThrow('no luck');
    expect(existsSync(path)).toBe(false);
  });

  test('a killed holder does not count', async () => {
    const path = join(folder, 'lock');
    const module = JSON.stringify(join(root, 'setup', 'setup-lock.mjs'));
    const program = `
      import { withSetupLock } from ${module};
      await withSetupLock(${JSON.stringify(path)}, () => {}, () => process.kill(process.pid, 'SIGKILL'));
    `;
    const holder = spawn(process.execPath, ['--input-type=module', '-e', program], { stdio: 'inherit' });
    expect(await once(holder, 'exit')).toEqual([null, 'SIGKILL']);
    expect(existsSync(path)).toBe(true);
    expect(await withSetupLock(path, expect.fail, async () => 'ran')).toBe('ran');
  });
});

describe('the media worker', () => {
  test('one that is given but is not there, or not executable, is refused in a sentence', async () => {
    const missing = ensureMediaWorker(root, { MEDIASOUP_WORKER_BIN: join(folder, 'missing') });
    await expect(missing).rejects.toThrow('there is no such file');
    writeFileSync(join(folder, 'text'), '');
    const text = ensureMediaWorker(root, { MEDIASOUP_WORKER_BIN: join(folder, 'text') });
    await expect(text).rejects.toThrow('it is not an executable file');
  });

  test('the build fits the sources of the installed mediasoup', () => {
    const work = join(folder, 'work');
    mkdirSync(work);
    prepareSources(join(root, 'node_modules', 'mediasoup'), work);
    expect(readFileSync(join(work, 'src/RTC/DtlsTransport.cpp'), 'utf8')).not.toMatch(/== BIO_CB_RETURN\b/);
    expect(readFileSync(join(work, 'meson.build'), 'utf8')).toContain("meson_version: '>= 1.0.0'");
    // Every library that the build file takes from a subproject has its stand-in; tests and Windows have more.
    const used = readFileSync(join(work, 'meson.build'), 'utf8').matchAll(/= subproject\(\s*'([^']+)'/g);
    const names = [...used].map(([, name]) => name).filter((name) => !['catch2', 'wingetopt'].includes(name));
    expect(names.length).toBeGreaterThan(3);
    for (const name of [...names, 'unordered-dense']) {
      const wrap = readFileSync(join(work, 'subprojects', `${name}.wrap`), 'utf8');
      const directory = /^directory = (.*)$/m.exec(wrap)?.[1] ?? '';
      expect(existsSync(join(work, 'subprojects', directory, 'meson.build')), name).toBe(true);
    }
  });
});

describe('the browser for the tests', () => {
  test('one that is given is taken, or refused in a sentence', async () => {
    const given = { ROOMFUL_TEST_BROWSER: process.execPath, PATH: '' };
    expect(await ensureTestBrowser(root, undefined, given)).toBe(process.execPath);
    const missing = ensureTestBrowser(root, undefined, { ROOMFUL_TEST_BROWSER: join(folder, 'missing') });
    await expect(missing).rejects.toThrow('not an executable file');
  });
});
