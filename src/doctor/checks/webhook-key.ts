import { createPrivateKey, createPublicKey, sign, verify } from 'node:crypto';
import { type Check, failure, ok, skipped } from '../check.ts';
import { type InspectDatabase, reached } from './database.ts';

const SAMPLE = Buffer.from('signed by the doctor');
const ALGORITHM = 'RSA-SHA256';

/** The key that webhooks are signed with, which receivers have the public half of. */
export function webhookKeyCheck(inspect: InspectDatabase): Check {
  return {
    name: 'webhook-key',
    title: 'Webhook key',
    timeoutMs: 30_000,
    advice: 'Restore the row webhook-signing-key of the table shared_secrets from a backup.',
    async run() {
      const facts = await reached(inspect);
      if ('level' in facts) return facts;
      const { signingKey } = facts;
      if (signingKey === undefined) return skipped('There is no key yet; the first start makes it.');
      const key = createPrivateKey(signingKey);
      const isGood = verify(ALGORITHM, SAMPLE, createPublicKey(key), sign(ALGORITHM, SAMPLE, key));
      return isGood
        ? ok('The key signs, and its public half verifies.')
        : failure('The key does not sign.', this.advice);
    },
  };
}
