// The address that browsers and SDKs are given: reached from here, by a valid certificate, and answered by this server.

import { isLoopback } from '../../kit/addresses.ts';
import { type Asked, ask, reasonOf } from '../../kit/ask.ts';
import { type Check, failure, ok, skipped, type Verdict, warning } from '../check.ts';

interface Facts {
  /** Nothing where it follows from ports that are not known yet. */
  url: string | undefined;
  /** Id of the node that runs here now, where one does. */
  runningNode: string | undefined;
}

const ANSWER_MS = 8_000;
const SETTING = 'Correct ROOMFUL_PUBLIC_URL, or the proxy that it leads to.';

export function publicUrlCheck({ url, runningNode }: Facts): Check {
  return {
    name: 'public-url',
    title: 'Public URL',
    timeoutMs: 10_000,
    advice: SETTING,
    async run() {
      if (runningNode === undefined || url === undefined) return skipped('Not asked, since no server runs here.');
      let answer: Asked;
      try {
        answer = await ask(`${url}/healthz`, { timeoutMs: ANSWER_MS });
      } catch (error) {
        return notReached(url, error);
      }
      return answeredBy(url, answer, runningNode) ?? trusted(url, answer);
    },
  };
}

function notReached(url: string, error: unknown): Verdict {
  const reason = reasonOf(error);
  if (reason.startsWith('no answer')) {
    // Some routers do not lead back what goes out to their own address.
    return warning(
      `${url} does not answer from here.`,
      'Open it from another network; if it fails there, correct DNS, firewall or proxy.',
    );
  }
  return failure(`${url} cannot be reached from here: ${reason}.`, SETTING);
}

function answeredBy(url: string, { status, body }: Asked, node: string): Verdict | undefined {
  const other = nodeIn(body);
  if (other === node) return undefined;
  if (other === undefined) return failure(`What answers at ${url} (status ${status}) is not Roomful.`, SETTING);
  const found = `${url} is answered by another node (${other}), where the sessions of this one are not known.`;
  return warning(found, 'Give each node a ROOMFUL_PUBLIC_URL that leads to it alone.');
}

function trusted(url: string, { tls }: Asked): Verdict {
  if (!tls?.problem || isLoopback(new URL(url).hostname)) return ok(`${url} leads to this server.`);
  const found = `${url} leads to this server, but its certificate is not trusted (${tls.problem}).`;
  return warning(found, 'Use a certificate of an authority, with the whole chain in the file.');
}

function nodeIn(body: string): string | undefined {
  try {
    return (JSON.parse(body) as { node?: string }).node;
  } catch {
    return undefined;
  }
}
