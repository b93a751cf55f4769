// docs/errors.md against what is declared, and what is declared against what is made.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { ERROR_CODES } from './protocol/error-codes.ts';

const SRC = import.meta.dirname;
const page = readFileSync(join(SRC, '../docs/errors.md'), 'utf8');
const rows = page
  .split('\n')
  .filter((line) => /^\| `[A-Z_]+` \|/.test(line))
  .map((line) =>
    line
      .slice(1, -1)
      .split('|')
      .map((cell) => cell.trim()),
  );

test('docs/errors.md has every code with its statuses and numbers, in the order of the table', () => {
  const declared = Object.entries(ERROR_CODES).map(([code, { status, number }]) => {
    return [`\`${code}\``, status.join(', '), number.join(', ')];
  });
  expect(rows.map((row) => row.slice(0, 3))).toEqual(declared);
});

test('every code has a cause and a remedy', () => {
  for (const row of rows) {
    expect(row).toHaveLength(5);
    for (const sentence of row.slice(3)) expect(sentence).toMatch(/^.+\.$/);
  }
});

test('no code is declared that nothing makes', () => {
  const sources = readdirSync(SRC, { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.ts') && !file.includes('.test.') && !file.endsWith('error-codes.ts'))
    .map((file) => readFileSync(join(SRC, file), 'utf8'));
  const unused = Object.keys(ERROR_CODES).filter((code) => !sources.some((source) => source.includes(`'${code}'`)));
  expect(unused).toEqual([]);
});
