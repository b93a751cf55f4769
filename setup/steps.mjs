// The steps of set-up, for setup.mjs.
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ensureDependencies } from './dependencies.mjs';
import { ensureMediaWorker } from './media-worker.mjs';
import { ensurePages } from './pages.mjs';
import { SetupError } from './setup-error.mjs';
import { readSetupResult, recordSetupResult } from './setup-result.mjs';
import { ensureTestBrowser } from './test-browser.mjs';
import { ensureTestRtmpServer } from './test-rtmp-server.mjs';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const forTests = process.argv.includes('--test');

/** In order: each step may rely on those before it. */
export const steps = [
  installDependencies,
  provideMediaWorker,
  // Needs the dependencies; the tests need the pages.
  buildPages,
  ...(forTests ? [provideBrowser, provideRtmpServer] : []),
];

async function installDependencies() {
  await ensureDependencies(root);
}

async function provideMediaWorker() {
  recordSetupResult(root, { mediasoupWorker: await ensureMediaWorker(root) });
}

async function buildPages() {
  await ensurePages(root);
}

async function provideBrowser() {
  recordSetupResult(root, { browser: await ensureTestBrowser(root, readSetupResult(root).browser) });
}

async function provideRtmpServer() {
  recordSetupResult(root, { rtmpServer: await ensureTestRtmpServer() });
}

/** What the operator is told about a failure: never a stack trace. */
export function inWords(error) {
  if (error instanceof SetupError) return error.message;
  if (error.code === 'ENOSPC') return `Set-up failed because the disk is full: ${error.message}`;
  const denied = ['EACCES', 'EPERM', 'EROFS'].includes(error.code);
  if (denied) return `Set-up may not write where it must: ${error.message}. Give this user access, and run it again.`;
  return `Set-up failed in a way it does not know: ${error.message}`;
}
