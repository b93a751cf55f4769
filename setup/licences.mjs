// `npm run licences` writes docs/third-party-licences.md from package-lock.json; a test fails while it is out of date.
//
// The lock file names the licence of every package for every platform, so the result is the same on all machines and needs
// no network. Tools that read node_modules see only what one platform has installed.
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const DOCUMENT = join(root, 'docs', 'third-party-licences.md');

/** What the lock file leaves out, and where it was found. */
const KNOWN = {
  // By the text of its LICENSE; its package.json has no field.
  '@shinyoshiaki/jspack': 'BSD-3-Clause',
  // In the old field `licenses`.
  'xmlhttprequest-ssl': 'MIT',
};

if (process.argv[1] === fileURLToPath(import.meta.url)) writeFileSync(DOCUMENT, currentDocument());

/** The document as it has to be now. */
export function currentDocument() {
  const lock = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8'));
  return licencesDocument(lock.packages, importedByPages());
}

/** `packages` as package-lock.json has them; `pageImports` are the names of packages that the pages import. */
export function licencesDocument(packages, pageImports) {
  const { dependencies, optionalDependencies } = packages[''];
  const server = closure(packages, '', Object.keys({ ...dependencies, ...optionalDependencies }));
  const pages = closure(packages, '', pageImports);
  return [
    '# Licences of third-party packages',
    '',
    'Written by `npm run licences` from `package-lock.json`; do not edit by hand. The full texts are in each package under',
    '`node_modules`. [operations.md](operations.md#licences-of-what-is-installed) explains what they ask of you, above all FFmpeg.',
    '',
    '## Installed with the server',
    '',
    ...table(packages, server),
    '',
    '## Built into the pages',
    '',
    'The build puts the full texts of these into `dist/web/.vite/license.md`.',
    '',
    ...table(packages, pages),
    '',
  ].join('\n');
}

/** The lock file's paths of the packages named and of everything that they depend on. */
function closure(packages, from, names) {
  const found = new Set();
  const open = names.map((name) => locate(packages, from, name));
  while (open.length > 0) {
    const path = open.pop();
    // An optional peer that is not installed has no entry.
    if (path === undefined || found.has(path)) continue;
    found.add(path);
    const { dependencies, optionalDependencies } = packages[path];
    const needed = Object.keys({ ...dependencies, ...optionalDependencies });
    open.push(...needed.map((name) => locate(packages, path, name)));
  }
  return found;
}

/** Where Node finds `name` for a file of the package at `from`: in the nearest node_modules upward. */
function locate(packages, from, name) {
  const levels = from.split('/node_modules/');
  for (let depth = levels.length; depth >= 0; depth--) {
    const folder = levels.slice(0, depth).join('/node_modules/');
    const path = folder === '' ? `node_modules/${name}` : `${folder}/node_modules/${name}`;
    const entry = packages[path];
    if (entry) return entry.link ? entry.resolved : path;
  }
  return undefined;
}

function table(packages, paths) {
  const byLicence = new Map();
  for (const path of [...paths].filter((path) => path.startsWith('node_modules/'))) {
    const name = path.slice(path.lastIndexOf('node_modules/') + 'node_modules/'.length);
    const licence = packages[path].license ?? KNOWN[name];
    if (licence === undefined)
      throw new Error(`${name}: package-lock.json has no licence; look it up and add it to KNOWN`);
    byLicence.set(licence, [...(byLicence.get(licence) ?? []), `${name} ${packages[path].version}`]);
  }
  const rows = [...byLicence].sort(([a, x], [b, y]) => y.length - x.length || (a < b ? -1 : 1));
  return [
    '| licence | packages |',
    '|---|---|',
    ...rows.map(([licence, names]) => `| ${licence} | ${[...new Set(names)].sort().join(', ')} |`),
  ];
}

function importedByPages() {
  const files = readdirSync(join(root, 'web'), { recursive: true, encoding: 'utf8' });
  const code = files.filter((file) => /\.tsx?$/.test(file) && !file.includes('.test.'));
  const imports = code.flatMap((file) => [
    ...readFileSync(join(root, 'web', file), 'utf8').matchAll(
      /(?:from|import)\s*\(?\s*'(@[^/']+\/[^/']+|[^@./'][^/']*)/g,
    ),
  ]);
  return [...new Set(imports.map(([, name]) => name))].filter((name) => !name.startsWith('node:'));
}
