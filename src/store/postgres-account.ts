// PostgreSQL refuses to run as root. When the server itself does (a container, a quick try), its PostgreSQL needs
// another user, and that user must reach the binaries and the data folder, which often lie under a private /root.
import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { promisify } from 'node:util';
import { childEnvironment } from '../kit/child-process.ts';
import { StartError } from '../kit/start-error.ts';

const run = promisify(execFile);

const PROBE_TIMEOUT_MS = 10_000;

export interface FileOwner {
  uid: number;
  gid: number;
}

/** A way to start PostgreSQL's programs. */
export interface PostgresAccount {
  /** Put before the program and its arguments. */
  prefix: string[];
  /** Users for `spawn`; absent means our own. */
  ids: Partial<FileOwner>;
  /** Who must own the database's files; absent means us. */
  owner: FileOwner | undefined;
}

/**
 * Finds an account that can enter `folder` and execute `postgres`. `owner` is who owns the database that is already
 * there, so that one data folder keeps its account. Returns PostgreSQL's version too, since asking for it is the test.
 */
export async function choosePostgresAccount(options: {
  folder: string;
  postgres: string;
  owner: FileOwner | undefined;
  /** Lets an account that is to own the database pass to its folder. */
  open(owner: FileOwner): void;
}): Promise<{ account: PostgresAccount; version: string }> {
  const failures: string[] = [];
  for (const account of candidates(options.owner)) {
    try {
      // The others need no way of their own.
      if (account.owner && account.prefix.length === 0) options.open(account.owner);
      return { account, version: await probe(account, options.folder, options.postgres) };
    } catch (error) {
      const { stderr, message } = error as Error & { stderr?: string };
      failures.push(`    ${account.prefix[0] ?? 'directly'}: ${(stderr || message).trim()}`);
    }
  }
  throw noAccount(options.postgres, failures);
}

function candidates(owner: FileOwner | undefined): PostgresAccount[] {
  if (process.getuid?.() !== 0) return [{ prefix: [], ids: {}, owner: undefined }];
  const other = owner === undefined || owner.uid === 0 ? unprivilegedUser() : owner;
  const asOther: PostgresAccount[] = [
    { prefix: [], ids: other, owner: other },
    { prefix: withFileAccess(other), ids: {}, owner: other },
  ];
  const asDisguisedRoot: PostgresAccount = { prefix: disguised(other), ids: {}, owner: undefined };
  if (owner === undefined) return [...asOther, asDisguisedRoot];
  return owner.uid === 0 ? [asDisguisedRoot] : asOther;
}

/** Another user who keeps root's right to pass closed folders, and nothing else of root's. */
function withFileAccess({ uid, gid }: FileOwner): string[] {
  const user = [`--reuid=${uid}`, `--regid=${gid}`, '--clear-groups'];
  return ['setpriv', ...user, '--inh-caps=-all,+dac_override', '--ambient-caps=-all,+dac_override'];
}

/** A user namespace in which root goes by another number: files stay root's, PostgreSQL sees the other number. */
function disguised({ uid }: FileOwner): string[] {
  return ['unshare', '--user', `--map-user=${uid}`];
}

/** initdb insists on a user that has a name. */
function unprivilegedUser(): FileOwner {
  const users = readFileSync('/etc/passwd', 'utf8');
  for (const name of ['postgres', 'nobody']) {
    const [, uid, gid] = new RegExp(`^${name}:[^:]*:(\\d+):(\\d+):`, 'm').exec(users) ?? [];
    if (uid !== undefined && gid !== undefined && uid !== '0') return { uid: Number(uid), gid: Number(gid) };
  }
  return { uid: 65534, gid: 65534 };
}

async function probe(account: PostgresAccount, folder: string, postgres: string): Promise<string> {
  // The account itself must enter the folder: `cwd` would be entered by us, before the account changes.
  const shell = ['/bin/sh', '-c', 'cd "$0" && exec "$1" --version', folder, postgres];
  const [command = '', ...args] = [...account.prefix, ...shell];
  const { stdout } = await run(command, args, { ...account.ids, env: childEnvironment(), timeout: PROBE_TIMEOUT_MS });
  const version = /(\d+)(\.\d+)*/.exec(stdout)?.[0];
  if (version === undefined) throw new Error(`unexpected version: ${stdout.trim()}`);
  return version;
}

function noAccount(postgres: string, failures: string[]): StartError {
  const root = process.getuid?.() === 0;
  const advice = root
    ? 'PostgreSQL does not run as root, and no other way to start it works here. Run Roomful as an ordinary user, ' +
      'or keep both the checkout and the data folder where the users postgres or nobody may enter'
    : 'The embedded PostgreSQL does not run on this machine';
  return new StartError(
    `${advice}; or give an external database in DATABASE_URL. Tried with ${postgres}:\n${failures.join('\n')}`,
  );
}
