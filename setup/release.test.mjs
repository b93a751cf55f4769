import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { bumpFor, lockWithVersion, nextVersion, unreleasedNotes, withRelease } from './release.mjs';

const CHANGELOG = `# Changelog

## [Unreleased]

### Fixed

- A thing.

## [0.1.0] - 2026-01-02

- Everything.
`;

describe('the version', () => {
  test.each([
    ['patch', '1.2.4'],
    ['minor', '1.3.0'],
    ['major', '2.0.0'],
    ['1.10.0', '1.10.0'],
  ])('after 1.2.3 for %s is %s', (asked, version) => {
    expect(nextVersion('1.2.3', asked)).toBe(version);
  });

  test.each(['1.2.3', '1.1.9', '2', 'huge'])('is not %s', (asked) => {
    expect(() => nextVersion('1.2.3', asked)).toThrow();
  });

  test('is a minor one for what is new, and a patch for what is mended', () => {
    expect(bumpFor('### Added\n\n- A.\n\n### Fixed\n\n- B.')).toBe('minor');
    expect(bumpFor('### Fixed\n\n- B.')).toBe('patch');
  });
});

describe('the changelog', () => {
  test('gives what is under Unreleased', () => {
    expect(unreleasedNotes(CHANGELOG)).toBe('### Fixed\n\n- A thing.');
  });

  test('has nothing to release when that is empty', () => {
    expect(() => unreleasedNotes(withRelease(CHANGELOG, '0.1.1', '2026-02-03'))).toThrow('nothing to release');
  });

  test('gets a section for the version', () => {
    const released = withRelease(CHANGELOG, '0.1.1', '2026-02-03');
    expect(released).toContain('## [Unreleased]\n\n## [0.1.1] - 2026-02-03\n\n### Fixed\n\n- A thing.\n\n## [0.1.0]');
  });
});

test('the lock file gets the version of the project and its workspaces, and where they are depended on', () => {
  const root = { version: '1.0.0', devDependencies: { b: '1.0.0', a: '1.0.0' } };
  const packages = { '': root, 'node_modules/a': { version: '1.0.0' }, 'packages/b': { version: '1.0.0' } };
  expect(lockWithVersion({ version: '1.0.0', packages }, ['root', 'b'], '1.1.0')).toEqual({
    version: '1.1.0',
    packages: {
      '': { version: '1.1.0', devDependencies: { b: '1.1.0', a: '1.0.0' } },
      'node_modules/a': { version: '1.0.0' },
      'packages/b': { version: '1.1.0' },
    },
  });
});

describe('in a repository', () => {
  let root;
  const git = (...args) => execFileSync('git', args, { cwd: root, encoding: 'utf8', stdio: 'pipe' }).trim();
  const version = (manifest) => JSON.parse(readFileSync(join(root, manifest), 'utf8')).version;

  function run(...args) {
    const script = join(import.meta.dirname, 'release.mjs');
    const { status, stdout, stderr } = spawnSync(process.execPath, [script, ...args], { cwd: root, encoding: 'utf8' });
    return { status, stdout, stderr };
  }

  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), 'roomful-release-'));
    mkdirSync(join(root, 'packages', 'b'), { recursive: true });
    const manifest = JSON.stringify({ name: 'a', version: '0.1.0' });
    writeFileSync(join(root, 'package.json'), manifest);
    writeFileSync(join(root, 'packages', 'b', 'package.json'), manifest);
    writeFileSync(join(root, 'package-lock.json'), JSON.stringify({ version: '0.1.0', packages: { '': {} } }));
    writeFileSync(join(root, 'CHANGELOG.md'), CHANGELOG);
    git('init', '--quiet', '--initial-branch=main');
    git('config', 'user.name', 'Test');
    git('config', 'user.email', 'test@example.com');
    git('config', 'commit.gpgsign', 'false');
    git('add', '.');
    git('commit', '--quiet', '-m', 'first');
  });

  afterEach(() => rmSync(root, { recursive: true, force: true }));

  test('a dry run shows the plan and changes nothing', () => {
    const before = git('rev-parse', 'HEAD');
    const { status, stdout } = run('--dry-run', 'minor');
    expect(status).toBe(0);
    expect(stdout).toContain('0.1.0 -> 0.2.0');
    expect(stdout).toContain('packages/b/package.json');
    expect(stdout).toContain('- A thing.');
    expect(git('rev-parse', 'HEAD')).toBe(before);
    expect(git('status', '--porcelain')).toBe('');
    expect(git('tag')).toBe('');
  });

  test('a release commits versions and changelog, and tags that', () => {
    expect(run()).toMatchObject({ status: 0, stderr: '' });
    expect(version('package.json')).toBe('0.1.1');
    expect(version('packages/b/package.json')).toBe('0.1.1');
    expect(version('package-lock.json')).toBe('0.1.1');
    expect(git('log', '-1', '--format=%s')).toBe('release: 0.1.1');
    expect(git('tag', '--points-at', 'HEAD')).toBe('v0.1.1');
    expect(git('tag', '-l', '--format=%(contents)', 'v0.1.1')).toContain('### Fixed\n\n- A thing.');
    expect(git('status', '--porcelain')).toBe('');
    expect(run()).toMatchObject({ status: 1, stderr: expect.stringContaining('nothing to release') });
  });

  test('what is not committed is not released', () => {
    writeFileSync(join(root, 'new'), '');
    expect(run('--dry-run')).toMatchObject({ status: 1, stderr: expect.stringContaining('not committed') });
  });

  test('another branch is not released', () => {
    git('switch', '--quiet', '--create', 'idea');
    expect(run('--dry-run')).toMatchObject({ status: 1, stderr: expect.stringContaining('made on main') });
  });

  test('a tag is made once', () => {
    git('tag', 'v0.1.1');
    expect(run('patch')).toMatchObject({ status: 1, stderr: expect.stringContaining('exists already') });
  });
});
