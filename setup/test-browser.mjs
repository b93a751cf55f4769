// Finds the browser that the tests drive: one named in the environment, one on PATH, Playwright's, or Debian's.
import { spawnSync } from 'node:child_process';
import { accessSync, constants, existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { quoteTail, runCommand } from './command.mjs';
import { beginStep } from './progress.mjs';
import { SetupError } from './setup-error.mjs';
import { installDebianPackages, isDebianLike } from './system-packages.mjs';

const NAMES = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable'];
const OTHERS = { uid: 65534, gid: 65534 };
/** By itself Playwright downloads into the user's folder, and nobody else may enter that of root. */
const FOLDER_FOR_ALL = '/var/cache/roomful/browsers';
const MAC_CHROME = '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome';

// Playwright reports its progress, so a download that says nothing for this long is not going to end.
const DOWNLOAD_SILENCE_MS = 30_000;
const DOWNLOAD_TIMEOUT_MS = 600_000;
const CHECK_TIMEOUT_MS = 30_000;

/** Returns the path of a Chromium. `known` is what an earlier run returned. */
export async function ensureTestBrowser(root, known, env = process.env) {
  const given = env.ROOMFUL_TEST_BROWSER || env.CHROMIUM;
  if (given) return givenBrowser(given);
  const present = isExecutable(known) ? known : findOnPath(env);
  if (present !== undefined) return present;

  const step = beginStep('browser for the tests');
  try {
    const playwrights = await downloadWithPlaywright(root, step);
    const browser = playwrights ?? (await installFromDebian(step, env));
    step.done(playwrights ? "downloaded Playwright's Chromium" : 'installed the package chromium');
    return browser;
  } catch (error) {
    step.failed();
    throw error;
  }
}

function givenBrowser(given) {
  if (isExecutable(given)) return given;
  throw new SetupError(
    `ROOMFUL_TEST_BROWSER (or CHROMIUM) is ${given}, which is not an executable file. ` +
      'Give the path of a Chromium or Chrome, or unset it.',
  );
}

function findOnPath(env) {
  const folders = (env.PATH ?? '').split(delimiter).filter(Boolean);
  const candidates = NAMES.flatMap((name) => folders.map((folder) => join(folder, name)));
  return [...candidates, MAC_CHROME].find(isExecutable);
}

/** Returns undefined when there is no download to be had, or its browser lacks libraries to run. */
async function downloadWithPlaywright(root, step) {
  const playwright = join(root, 'node_modules', 'playwright-core');
  if (!existsSync(playwright)) return undefined;
  if (process.getuid?.() === 0) process.env.PLAYWRIGHT_BROWSERS_PATH ||= FOLDER_FOR_ALL;
  step.update({ note: "downloading Playwright's Chromium" });
  await runCommand(process.execPath, [join(playwright, 'cli.js'), 'install', '--no-shell', 'chromium'], {
    timeoutMs: DOWNLOAD_TIMEOUT_MS,
    silenceMs: DOWNLOAD_SILENCE_MS,
    onLine: (line) => {
      const percent = /\b(\d+)% of/.exec(line)?.[1];
      if (percent !== undefined) step.update({ percent: Number(percent) });
    },
  });
  step.update({ note: '' });
  const { chromium } = await import(pathToFileURL(join(playwright, 'index.mjs')).href);
  const path = chromium.executablePath();
  if (!isExecutable(path)) return undefined;
  const { code } = await runCommand(path, ['--version'], { timeoutMs: CHECK_TIMEOUT_MS });
  return code === 0 ? path : undefined;
}

async function installFromDebian(step, env) {
  const advice =
    'The tests drive a real browser, and no Chromium or Chrome was found or could be downloaded. ' +
    'Install one, or give its path in ROOMFUL_TEST_BROWSER, and run this again.';
  if (!isDebianLike()) throw new SetupError(advice);
  await installDebianPackages(step, ['chromium', 'chromium-sandbox'], 'The browser for the tests');
  const path = findOnPath(env);
  if (path === undefined) throw new SetupError(advice);
  const { code, tail } = await runCommand(path, ['--version'], { timeoutMs: CHECK_TIMEOUT_MS });
  if (code !== 0) throw new SetupError(`${path} does not run:\n${quoteTail(tail)}\n${advice}`);
  return path;
}

function isExecutable(path) {
  if (path === undefined) return false;
  try {
    accessSync(path, constants.X_OK);
  } catch {
    return false;
  }
  if (process.getuid?.() !== 0) return true;
  // Pages are not recorded as root: others must be allowed to execute it too. Some containers have no others.
  return spawnSync('test', ['-x', path], OTHERS).status !== 1;
}
