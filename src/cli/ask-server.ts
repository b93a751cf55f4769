// Has the running server examine itself, as the operator would from its pages: signed in with the first key.
import { localAddress, urlOf } from '../kit/addresses.ts';
import { ask } from '../kit/ask.ts';
import type { CheckName, DoctorLine, Finding } from '../protocol/doctor.ts';
import { PAGE_HEADER } from '../protocol/rest/dashboard.ts';
import { findKey, type Installation } from './installation.ts';

const SIGN_IN_MS = 10_000;
/** Longer than all checks together may take. */
const EXAMINATION_MS = 120_000;

/** Whoever is told of an examination. */
export interface Hear {
  checks(checks: readonly CheckName[]): void;
  finding(finding: Finding): void;
}

/** The settings do not say where the server is. */
export class UnknownAddress extends Error {
  override readonly name = 'UnknownAddress';
}

/** Rejects with the reason when the server cannot be asked. */
export async function askServer(installation: Installation, hear: Hear): Promise<void> {
  const url = `${addressOf(installation)}/dashboard-api`;
  const headers = { [PAGE_HEADER]: '1', 'content-type': 'application/json' };
  const { apiKey, secret } = await findKey(installation, undefined);
  const body = JSON.stringify({ apiKey, secret });
  const signedIn = await ask(`${url}/sign-in`, { method: 'POST', headers, body, timeoutMs: SIGN_IN_MS });
  const cookie = String(signedIn.headers['set-cookie']).split(';')[0] ?? '';
  if (signedIn.status !== 200) throw new Error(`it answered ${signedIn.status} to the sign-in`);
  try {
    const lines = new Lines((line) => hearLine(line, hear));
    const onText = (text: string) => lines.add(text);
    const { status } = await ask(`${url}/doctor`, {
      method: 'POST',
      headers: { ...headers, cookie },
      timeoutMs: EXAMINATION_MS,
      onText,
    });
    if (status !== 200) throw new Error(`it answered ${status}`);
  } finally {
    await ask(`${url}/sign-out`, { method: 'POST', headers: { ...headers, cookie }, timeoutMs: SIGN_IN_MS });
  }
}

function hearLine(text: string, hear: Hear): void {
  const line = JSON.parse(text) as DoctorLine;
  if ('checks' in line) hear.checks(line.checks);
  if ('finding' in line) hear.finding(line.finding);
}

function addressOf({ config: { host, httpPort, httpsPort } }: Installation): string {
  const [scheme, port] = httpPort ? ['http', httpPort] : ['https', httpsPort];
  if (!port) throw new UnknownAddress('its ports are chosen anew at each start');
  return urlOf(String(scheme), localAddress(host), Number(port));
}

/** Cuts text into lines as it comes. */
class Lines {
  readonly #onLine: (line: string) => void;
  #rest = '';

  constructor(onLine: (line: string) => void) {
    this.#onLine = onLine;
  }

  add(text: string): void {
    const lines = (this.#rest + text).split('\n');
    this.#rest = lines.pop() ?? '';
    for (const line of lines) if (line) this.#onLine(line);
  }
}
