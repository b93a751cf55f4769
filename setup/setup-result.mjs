// The notes that set-up leaves for the server, the test runner and its own next run; setup.mjs documents the fields.
// They live inside node_modules because most of them are only true as long as it is.
import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

export function readSetupResult(root) {
  try {
    return JSON.parse(readFileSync(resultPath(root), 'utf8'));
  } catch {
    return {};
  }
}

/** Adds to the notes. Does nothing when they already say so. */
export function recordSetupResult(root, facts) {
  const before = readSetupResult(root);
  const after = { ...before, ...facts };
  if (JSON.stringify(after) === JSON.stringify(before)) return;
  const draft = `${resultPath(root)}.${process.pid}`;
  writeFileSync(draft, `${JSON.stringify(after, null, 2)}\n`);
  renameSync(draft, resultPath(root));
}

function resultPath(root) {
  return join(root, 'node_modules', '.roomful-setup.json');
}
