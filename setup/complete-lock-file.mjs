#!/usr/bin/env node
// Puts back what npm leaves out of package-lock.json when the registry it asks (a mirror, say) lacks the packages that
// some dependency offers for other platforms. `npm ci` refuses a lock file without them, on every platform. Run it
// after `npm install`: `node setup/complete-lock-file.mjs`; a test runs it with `--check`.
//
// The entries carry version and platform but no hash; where one of them is installed, npm asks its registry.
import { readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const SYSTEMS = ['android', 'darwin', 'freebsd', 'linux', 'netbsd', 'openbsd', 'openharmony', 'win32'];
const PROCESSORS = ['arm64', 'arm', 'ia32', 'loong64', 'ppc64', 'riscv64', 's390x', 'x64'];

const path = join(dirname(dirname(fileURLToPath(import.meta.url))), 'package-lock.json');
const lock = JSON.parse(readFileSync(path, 'utf8'));
const missing = missingEntries(lock.packages);

for (const [name] of missing) console.log(`package-lock.json lacks ${name}`);
if (process.argv.includes('--check')) process.exitCode = missing.length > 0 ? 1 : 0;
else if (missing.length > 0) complete();

function missingEntries(packages) {
  const offers = Object.entries(packages).flatMap(([owner, { dev, optionalDependencies = {} }]) =>
    Object.entries(optionalDependencies).map(([name, version]) => ({ owner, dev, name, version })),
  );
  return offers
    .filter(({ owner, name }) => !packages[`${owner}/node_modules/${name}`] && !packages[`node_modules/${name}`])
    .map(({ dev, name, version }) => [`node_modules/${name}`, entry(name, version, dev)]);
}

/** Such packages are named after their platform: `@scope/binding-linux-arm64-musl`. */
function entry(name, version, dev) {
  const words = name.split(/[/-]/);
  const os = SYSTEMS.find((word) => words.includes(word));
  const cpu = PROCESSORS.find((word) => words.includes(word));
  if (os === undefined || cpu === undefined || !/^\d/.test(version)) {
    throw new Error(`package-lock.json lacks ${name} ${version}, whose platform its name does not tell`);
  }
  const libc = { gnu: 'glibc', musl: 'musl' }[os === 'linux' ? words.at(-1) : ''];
  return { version, cpu: [cpu], ...(dev && { dev }), ...(libc && { libc: [libc] }), optional: true, os: [os] };
}

/** npm keeps the entries sorted, and the project itself, whose name is empty, first. */
function complete() {
  const entries = [...Object.entries(lock.packages), ...missing].sort(([a], [b]) => a.localeCompare(b, 'en'));
  lock.packages = Object.fromEntries(entries);
  writeFileSync(path, `${JSON.stringify(lock, null, 2)}\n`);
}
