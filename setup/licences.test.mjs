import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { currentDocument, licencesDocument } from './licences.mjs';

test('docs/third-party-licences.md is current; otherwise run `npm run licences`', () => {
  const document = readFileSync(new URL('../docs/third-party-licences.md', import.meta.url), 'utf8');
  expect(document).toBe(currentDocument());
});

const packages = {
  '': { dependencies: { web: '1' }, devDependencies: { react: '1', test: '1' } },
  'node_modules/web': {
    version: '1.0.0',
    license: 'MIT',
    dependencies: { deep: '1' },
    optionalDependencies: { gone: '1' },
  },
  'node_modules/deep': { version: '2.0.0', license: 'ISC' },
  'node_modules/web/node_modules/deep': { version: '1.0.0', license: 'BSD-3-Clause' },
  'node_modules/react': { version: '3.0.0', license: 'MIT' },
  'node_modules/test': { version: '1.0.0', license: 'GPL-3.0' },
  'node_modules/ours': { link: true, resolved: 'packages/ours' },
  'packages/ours': { version: '0.1.0', dependencies: { deep: '1' } },
};

test('packages are found as Node finds them, and what only tests need is left out', () => {
  const [server, pages] = licencesDocument(packages, ['react', 'ours']).split('## Built into the pages');
  expect(server).toContain('| MIT | web 1.0.0 |');
  expect(server).toContain('| BSD-3-Clause | deep 1.0.0 |');
  expect(pages).toContain('| MIT | react 3.0.0 |');
  expect(pages).toContain('| ISC | deep 2.0.0 |');
  expect(server + pages).not.toContain('GPL-3.0');
});

test('a package without a licence has to be looked up', () => {
  const unknown = { ...packages, 'node_modules/react': { version: '3.0.0' } };
  expect(() => licencesDocument(unknown, ['react'])).toThrow('react: package-lock.json has no licence');
});
