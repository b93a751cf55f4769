// What webhooks, RTMP and the rest may reach although it is private: whoever has an API key can make the server go there.
import { lookup } from 'node:dns/promises';
import { isLoopback } from '../../kit/addresses.ts';
import { AllowList } from '../../kit/outbound/addresses.ts';
import { type Check, ok, plural, warning } from '../check.ts';

interface Facts {
  allow: readonly string[];
  /** Host that browsers reach the server by. */
  publicHost: string;
}

/** Where clouds hand out the credentials of a machine. */
const METADATA = '169.254.169.254';
const SETTING = 'Name in ROOMFUL_OUTBOUND_ALLOW only what webhooks and streams have to reach.';

export function outboundCheck({ allow, publicHost }: Facts): Check {
  return {
    name: 'outbound',
    title: 'Outbound addresses',
    timeoutMs: 10_000,
    advice: SETTING,
    async run() {
      if (allow.length === 0) return ok('Webhooks and streams reach public addresses only.');
      const list = new AllowList(allow);
      const all = allow.find((entry) => entry.endsWith('/0'));
      if (all !== undefined) return warning(`${all} opens every address there is.`, SETTING);
      if (list.hasAddress(METADATA)) {
        return warning(`${METADATA} is open, where clouds hand out the credentials of this machine.`, SETTING);
      }
      if (list.hasAddress('127.0.0.1') && !isLoopback(publicHost)) {
        return warning('This machine itself is open to whoever has an API key.', SETTING);
      }
      const missing = await unresolved(allow);
      if (missing.length > 0) {
        return warning(`${missing.join(', ')} cannot be resolved.`, 'Correct the name in ROOMFUL_OUTBOUND_ALLOW.');
      }
      return ok(
        `Beside public addresses ${plural(allow.length, 'entry is', 'entries are')} open: ${allow.join(', ')}.`,
      );
    },
  };
}

async function unresolved(entries: readonly string[]): Promise<string[]> {
  const names = entries.filter((entry) => /[a-z]/i.test(entry) && !entry.includes(':'));
  const found = await Promise.allSettled(names.map((name) => lookup(name)));
  return names.filter((_, index) => found[index]?.status === 'rejected');
}
