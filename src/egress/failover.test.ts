// What broke off with its node goes on in a new egress, once, and only while its session lives here.
import { beforeEach, expect, it } from 'vitest';
import { anEgress } from '../../test/harness/an-egress.ts';
import { egressNotStarted } from '../errors.ts';
import { createLogger } from '../log.ts';
import { Failover, type FailoverDeps } from './failover.ts';

let calls: unknown[];
let isLive: boolean;
let begin: () => Promise<unknown>;
let failover: Failover;

beforeEach(() => {
  calls = [];
  isLive = true;
  begin = async () => undefined;
  failover = new Failover({
    nodeId: 'here',
    store: { handOver: async (id: string) => void calls.push(['handOver', id]) },
    moves: { move: async ({ id }: { id: string }, to: string) => void calls.push(['move', id, to]) },
    dispatcher: {
      begin: (request: { continues: string; plan: { preSignedUrl: unknown; outputs: unknown } }) => {
        calls.push(['begin', request.continues, request.plan.preSignedUrl]);
        return begin();
      },
    },
    isLive: () => isLive,
    log: createLogger('silent'),
  } as unknown as FailoverDeps);
});

it('one that ran is stopped and goes on in a new one, whose file is not sent to the pre-signed address again', async () => {
  await failover.continue(anEgress({ id: 'a', status: 'active', preSignedUrl: 'https://example.com/put' }));
  expect(calls).toEqual([
    ['move', 'a', 'stopping'],
    ['begin', 'a', null],
  ]);
});

it('one that waited is given to another node', async () => {
  await failover.continue(anEgress({ id: 'a', status: 'queued' }));
  expect(calls).toEqual([['handOver', 'a']]);
});

it('one whose session is over is left alone', async () => {
  isLive = false;
  await failover.continue(anEgress({ id: 'a', status: 'active' }));
  expect(calls).toEqual([]);
});

it('a refusal is no failure of its own, but a database that is away is', async () => {
  const egress = anEgress({ id: 'a', status: 'active' });
  begin = () => Promise.reject(egressNotStarted('recording', 'it is continued already'));
  await expect(failover.continue(egress)).resolves.toBeUndefined();
  begin = () => Promise.reject(new Error('Connection terminated unexpectedly'));
  await expect(failover.continue(egress)).rejects.toThrow('Connection terminated');
});
