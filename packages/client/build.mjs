#!/usr/bin/env node
// Makes the package that is published: `dist/` with one JavaScript file, the types and a package.json of its own.
// Inside the repository the sources are imported as they are.
import { execFileSync } from 'node:child_process';
import { copyFileSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { build } from 'esbuild';

const folder = import.meta.dirname;
const dist = join(folder, 'dist');
rmSync(dist, { recursive: true, force: true });

const { private: _, scripts: __, ...about } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));

await build({
  entryPoints: [join(folder, 'src/index.ts')],
  outfile: join(dist, 'index.js'),
  bundle: true,
  format: 'esm',
  target: 'es2022',
  sourcemap: true,
  external: Object.keys(about.dependencies),
});
const root = join(folder, '../..');
execFileSync(join(root, 'node_modules/.bin/tsc'), ['-p', join(folder, 'tsconfig.build.json')], { stdio: 'inherit' });

const types = './types/packages/client/src/index.d.ts';
const published = { ...about, exports: { '.': { types, default: './index.js' } }, files: ['index.js*', 'types'] };
writeFileSync(join(dist, 'package.json'), `${JSON.stringify(published, null, 2)}\n`);
copyFileSync(join(folder, 'README.md'), join(dist, 'README.md'));
copyFileSync(join(root, 'LICENSE'), join(dist, 'LICENSE'));
