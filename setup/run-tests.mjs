// Runs Vitest on the pinned Node with what set-up has found, and ends with a plain line: `N passed, N failed`.
// Arguments go to Vitest: `npm test -- src/rooms`. `--long` is our own: tests that take minutes run when they see
// ROOMFUL_TEST_LONG.
import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { readSetupResult } from './setup-result.mjs';

const long = process.argv.includes('--long');
const vitestArguments = process.argv.slice(2).filter((argument) => argument !== '--long');

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const reportFolder = mkdtempSync(join(tmpdir(), 'roomful-test-report-'));
const report = join(reportFolder, 'report.json');

try {
  const code = await runVitest();
  console.log(summary(code));
  process.exitCode = code;
} finally {
  rmSync(reportFolder, { recursive: true, force: true });
}

function runVitest() {
  const pinned = join(root, 'node_modules', '.bin', 'node');
  const node = existsSync(pinned) ? pinned : process.execPath;
  const vitest = join(root, 'node_modules', 'vitest', 'vitest.mjs');
  const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${report}`];
  const child = spawn(node, [vitest, 'run', ...reporters, ...vitestArguments], {
    cwd: root,
    env: testEnvironment(),
    stdio: 'inherit',
  });
  // Ctrl-C reaches Vitest by itself; we stay to print the line and pass on its verdict.
  process.on('SIGINT', () => {});
  process.on('SIGTERM', () => child.kill('SIGTERM'));
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('exit', (code) => resolve(code ?? 1));
  });
}

function testEnvironment() {
  const { browser, mediasoupWorker, rtmpServer } = readSetupResult(root);
  return {
    ...(browser && { ROOMFUL_TEST_BROWSER: browser }),
    ...(rtmpServer && { ROOMFUL_TEST_NGINX: rtmpServer }),
    ...(long && { ROOMFUL_TEST_LONG: '1' }),
    ...(mediasoupWorker && { MEDIASOUP_WORKER_BIN: mediasoupWorker }),
    ...process.env,
  };
}

function summary(code) {
  if (!existsSync(report)) return 'Vitest ended without a report.\n0 passed, 1 failed';
  const { numPassedTests, numFailedTests, testResults } = JSON.parse(readFileSync(report, 'utf8'));
  // A file that could not even be loaded holds no tests to count, but has failed all the same.
  const unloaded = testResults.filter((file) => file.status === 'failed' && file.assertionResults.length === 0);
  const failed = numFailedTests + unloaded.length;
  const line = `${numPassedTests} passed, ${failed} failed`;
  return code !== 0 && failed === 0 ? `Vitest itself failed, see above.\n${line}` : line;
}
