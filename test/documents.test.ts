// What the documents refer to exists: files they link to, and paths of the repository that they name.
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { describe, expect, it } from 'vitest';

const ROOT = resolve(import.meta.dirname, '..');
/** A path from the root, in code font. */
const PATH = /`((?:src|web|packages|test|setup|bench|docs)\/[\w./-]*\w)`/g;
const LINK = /\]\(([^)\s]+)\)/g;

const list = ['ls-files', '--cached', '--others', '--exclude-standard', '*.md'];
const documents = execFileSync('git', list, { cwd: ROOT, encoding: 'utf8' })
  .split('\n')
  .filter((file) => file !== '' && existsSync(join(ROOT, file)));

describe.each(documents)('%s', (document) => {
  const text = readFileSync(join(ROOT, document), 'utf8');
  const folder = dirname(join(ROOT, document));

  it('links to files and headings that exist', () => {
    const targets = [...text.matchAll(LINK)].map(([, target = '']) => target);
    const local = targets.filter((target) => !/^[a-z]+:/.test(target));
    expect(local.filter((target) => !leadsSomewhere(folder, document, target))).toEqual([]);
  });

  it('names paths that exist', () => {
    const paths = [...text.matchAll(PATH)].map(([, path = '']) => path);
    const missing = paths.filter((path) => !existsSync(join(ROOT, path)) && !existsSync(join(folder, path)));
    expect(missing).toEqual([]);
  });
});

function leadsSomewhere(folder: string, document: string, target: string): boolean {
  const [path = '', heading] = target.split('#');
  const file = path === '' ? join(ROOT, document) : resolve(folder, path);
  if (!existsSync(file)) return false;
  return heading === undefined || headingsOf(readFileSync(file, 'utf8')).includes(heading);
}

/** The anchors that a forge gives them. */
function headingsOf(text: string): string[] {
  const headings = [...text.matchAll(/^#+ (.+)$/gm)].map(([, heading = '']) => heading.toLowerCase());
  return headings.map((heading) => heading.replaceAll(/[^\w -]/g, '').replaceAll(' ', '-'));
}
