#!/usr/bin/env node
// `npm run release -- [patch|minor|major|1.2.3] [--dry-run]` makes a release: version, changelog, commit and tag. It never
// pushes. docs/releasing.md describes it. Release tools bring some hundred packages, publish to registries, and want the
// changelog made from commits or from a file for each change; ours is written by hand.
import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { SetupError } from './setup-error.mjs';

const BRANCH = 'main';
const VERSION = /^\d+\.\d+\.\d+$/;
const UNRELEASED = '## [Unreleased]';

if (process.argv[1] === fileURLToPath(import.meta.url)) main(process.cwd(), process.argv.slice(2));

function main(root, args) {
  try {
    const isDryRun = args.includes('--dry-run');
    const plan = planRelease(root, args.filter((argument) => argument !== '--dry-run')[0]);
    console.log(describe(plan));
    if (isDryRun) console.log('\nDry run: nothing was changed.');
    else release(root, plan);
  } catch (error) {
    if (!(error instanceof SetupError)) throw error;
    console.error(error.message);
    process.exitCode = 1;
  }
}

/** What would be done, or an error that says why it cannot be. Changes nothing. */
function planRelease(root, asked) {
  const git = (...args) => execFileSync('git', args, { cwd: root, encoding: 'utf8' }).trim();
  const branch = git('rev-parse', '--abbrev-ref', 'HEAD');
  if (branch !== BRANCH) throw new SetupError(`Releases are made on ${BRANCH}, and this is ${branch}.`);
  if (git('status', '--porcelain') !== '') throw new SetupError('There are changes that are not committed.');

  const changelog = readFileSync(join(root, 'CHANGELOG.md'), 'utf8');
  const notes = unreleasedNotes(changelog);
  const current = readJson(join(root, 'package.json')).version;
  const version = nextVersion(current, asked ?? bumpFor(notes));
  const tag = `v${version}`;
  if (git('tag', '--list', tag) !== '') throw new SetupError(`The tag ${tag} exists already.`);

  const manifests = ['package.json', ...workspaceManifests(root)];
  const files = [...manifests, 'package-lock.json', 'CHANGELOG.md'];
  return { current, version, tag, notes, changelog, manifests, files };
}

function describe({ current, version, tag, notes, files }) {
  return [
    `Version:  ${current} -> ${version}`,
    `Files:    ${files.join(', ')}`,
    `Commit:   release: ${version}`,
    `Tag:      ${tag}`,
    '',
    notes,
  ].join('\n');
}

function release(root, { version, tag, notes, changelog, manifests, files }) {
  const paths = manifests.map((manifest) => join(root, manifest));
  const ours = paths.map((path) => readJson(path).name);
  for (const path of paths) writeJson(path, withVersion(readJson(path), ours, version));
  const lockPath = join(root, 'package-lock.json');
  writeJson(lockPath, lockWithVersion(readJson(lockPath), ours, version));
  const today = new Date().toISOString().slice(0, 'yyyy-mm-dd'.length);
  writeFileSync(join(root, 'CHANGELOG.md'), withRelease(changelog, version, today));

  const git = (...args) => execFileSync('git', args, { cwd: root, stdio: 'inherit' });
  git('add', '--', ...files);
  git('commit', '--quiet', '-m', `release: ${version}`, '-m', 'See CHANGELOG.md.');
  // The headings of the notes begin with #, which git takes for comments by default.
  git('tag', '--annotate', tag, '--cleanup=verbatim', '-m', `${tag}\n\n${notes}\n`);
  console.log(`\nDone. Publish it with: git push --follow-tags`);
}

/** The entries under Unreleased; throws when there are none. */
export function unreleasedNotes(changelog) {
  const [, after] = changelog.split(`${UNRELEASED}\n`);
  if (after === undefined) throw new SetupError(`CHANGELOG.md has no section "${UNRELEASED}".`);
  const notes = after.split(/^## /m, 1)[0].trim();
  if (!/^- /m.test(notes)) throw new SetupError('CHANGELOG.md has no entries under Unreleased: nothing to release.');
  return notes;
}

/** New and changed behaviour is a minor version, anything else a patch; a major one is only made when asked for. */
export function bumpFor(notes) {
  return /^### (Added|Changed|Removed|Deprecated)\b/m.test(notes) ? 'minor' : 'patch';
}

export function nextVersion(current, asked) {
  const [major, minor, patch] = current.split('.').map(Number);
  if (asked === 'major') return `${major + 1}.0.0`;
  if (asked === 'minor') return `${major}.${minor + 1}.0`;
  if (asked === 'patch') return `${major}.${minor}.${patch + 1}`;
  if (!VERSION.test(asked))
    throw new SetupError(`${asked} is neither patch, minor or major nor a version such as 1.2.3.`);
  if (!isNewer(asked, current)) throw new SetupError(`${asked} is not newer than ${current}.`);
  return asked;
}

function isNewer(version, than) {
  return version.localeCompare(than, 'en', { numeric: true }) > 0;
}

/** The changelog with an empty Unreleased, and what it had under the version. */
export function withRelease(changelog, version, date) {
  return changelog.replace(`${UNRELEASED}\n`, () => `${UNRELEASED}\n\n## [${version}] - ${date}\n`);
}

/** A manifest with its new version, and with that of the packages of ours that it depends on. */
export function withVersion(manifest, ours, version) {
  const changed = { ...manifest, version };
  for (const kind of ['dependencies', 'devDependencies', 'peerDependencies']) {
    if (!manifest[kind]) continue;
    const entries = Object.entries(manifest[kind]);
    changed[kind] = Object.fromEntries(entries.map(([name, range]) => [name, ours.includes(name) ? version : range]));
  }
  return changed;
}

/** package-lock.json, likewise: it repeats the manifests of the project and its workspaces. */
export function lockWithVersion(lock, ours, version) {
  const packages = Object.entries(lock.packages).map(([path, entry]) => [
    path,
    path.startsWith('node_modules/') ? entry : withVersion(entry, ours, version),
  ]);
  return { ...lock, version, packages: Object.fromEntries(packages) };
}

function workspaceManifests(root) {
  const folder = join(root, 'packages');
  const names = existsSync(folder) ? readdirSync(folder).sort() : [];
  return names.map((name) => `packages/${name}/package.json`).filter((path) => existsSync(join(root, path)));
}

function readJson(path) {
  return JSON.parse(readFileSync(path, 'utf8'));
}

function writeJson(path, value) {
  writeFileSync(path, `${JSON.stringify(value, null, 2)}\n`);
}
