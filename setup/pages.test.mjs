import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ensurePages } from './pages.mjs';

// A checkout with a stand-in for Vite that counts its builds.
const VITE = `
  const { appendFileSync, mkdirSync, rmSync, writeFileSync } = require('node:fs');
  const folder = process.argv[process.argv.indexOf('--outDir') + 1];
  appendFileSync('builds', 'x');
  if (require('node:fs').existsSync('broken')) { console.error('no such import'); process.exit(1); }
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  writeFileSync(folder + '/index.html', 'built');`;

let root;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'roomful-pages-'));
  for (const folder of ['web/ui', 'src/protocol', 'node_modules/.bin', 'node_modules/vite/bin']) {
    mkdirSync(join(root, folder), { recursive: true });
  }
  for (const file of ['web/main.tsx', 'web/ui/a.css', 'src/protocol/a.ts', 'vite.config.ts', 'package-lock.json']) {
    writeFileSync(join(root, file), file);
  }
  writeFileSync(join(root, 'node_modules/vite/bin/vite.js'), VITE);
  symlinkSync(process.execPath, join(root, 'node_modules/.bin/node'));
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

const builds = () => readFileSync(join(root, 'builds'), 'utf8').length;

describe('the pages', () => {
  it('are built once, and again when what they are made from has changed', async () => {
    await ensurePages(root);
    expect(readFileSync(join(root, 'dist/web/index.html'), 'utf8')).toBe('built');
    await ensurePages(root);
    writeFileSync(join(root, 'web/main.test.ts'), 'a test is no part of the pages');
    await ensurePages(root);
    expect(builds()).toBe(1);
    for (const [i, file] of ['web/ui/a.css', 'web/ui/new.tsx', 'src/protocol/a.ts', 'package-lock.json'].entries()) {
      writeFileSync(join(root, file), 'changed');
      await ensurePages(root);
      expect(builds(), file).toBe(i + 2);
    }
  });

  it('that cannot be built leave the old ones and say what Vite said', async () => {
    await ensurePages(root);
    writeFileSync(join(root, 'broken'), '');
    writeFileSync(join(root, 'web/main.tsx'), 'changed');
    await expect(ensurePages(root)).rejects.toThrow('no such import');
    expect(readFileSync(join(root, 'dist/web/index.html'), 'utf8')).toBe('built');
  });
});
