// A Java development kit, where there is one or we may install it: Debian's, from the packages of the system.
import { spawnSync } from 'node:child_process';

const PACKAGE = 'default-jdk-headless';

/** The path of `java`, or why there is none. */
export function findJava(): { java: string } | { missing: string } {
  if (works()) return { java: 'java' };
  if (process.getuid?.() !== 0) return { missing: `install ${PACKAGE} to run it` };
  for (const args of [['update'], ['install', '--no-install-recommends', PACKAGE]]) {
    const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
    spawnSync('apt-get', ['-y', '-q', ...args], { stdio: 'ignore', env });
  }
  return works() ? { java: 'java' } : { missing: `${PACKAGE} could not be installed` };
}

function works(): boolean {
  return spawnSync('java', ['--version']).status === 0;
}
