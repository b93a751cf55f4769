// This node among the others, with a fake of the database and of time.
import { pino } from 'pino';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { LOST_AFTER_MS, type NodeFacts } from '../protocol/node.ts';
import { Node } from './node.ts';
import type { Membership } from './ports.ts';

const away = () => Promise.reject(new Error('the database is away'));

class FakeMembership implements Membership {
  readonly calls: string[] = [];
  drainingSince: Date | null = null;
  left = { sessions: 0, people: 0, egresses: 0, uploads: 0, expected: 0 };
  known = true;
  seen: Date | undefined;
  lost: { id: string; seenAt: Date }[] = [];
  failing = new Set<keyof Membership>();

  async lastSeen() {
    return this.seen;
  }

  async register({ id }: { id: string }) {
    this.calls.push(`register ${id}`);
    if (this.failing.has('register')) await away();
  }

  async heartbeat(id: string, { people, freeSlots }: { people: number; freeSlots: number }) {
    this.calls.push(`heartbeat ${id} ${people} ${freeSlots}`);
    if (this.failing.has('heartbeat')) await away();
    return this.drainingSince;
  }

  async get(id: string): Promise<NodeFacts | undefined> {
    if (this.failing.has('get')) await away();
    if (!this.known) return undefined;
    const now = new Date();
    const { drainingSince, left } = this;
    return { id, publicUrl: '', roles: [], startedAt: now, seenAt: now, drainingSince, freeSlots: 0, ...left };
  }

  async lostWithSessions(since: Date) {
    this.calls.push('look for lost nodes');
    expect(Date.now() - since.getTime()).toBe(LOST_AFTER_MS);
    return this.lost;
  }

  beats(): number {
    return this.calls.filter((it) => it.startsWith('heartbeat')).length;
  }
}

let membership: FakeMembership;
let ended: string[];
let drainChanges: number;
let endLost: (nodeId: string, lastSeen: Date) => Promise<number>;
let node: Node;

beforeEach(() => {
  vi.useFakeTimers();
  membership = new FakeMembership();
  ended = [];
  drainChanges = 0;
  endLost = async (nodeId, lastSeen) => ended.push(`${nodeId} ${lastSeen.getTime()}`);
  node = new Node({
    node: { id: 'own', publicUrl: 'http://own', roles: ['media'] },
    membership,
    load: () => ({ people: 3, freeSlots: 4 }),
    takeJobs: async () => void membership.calls.push('take jobs'),
    endOwnSessions: async () => void ended.push('own'),
    endLostSessions: (nodeId, lastSeen) => endLost(nodeId, lastSeen),
    onDrainChanged: () => {
      drainChanges += 1;
    },
    log: pino({ level: 'silent' }),
  });
});

afterEach(async () => {
  await node.stop();
  vi.useRealTimers();
});

const beat = (times = 1) => vi.advanceTimersByTimeAsync(times * 1_000);

describe('a node', () => {
  it('registers, takes jobs, and reports every second until it stops', async () => {
    await node.start();
    expect(membership.calls).toEqual(['register own', 'take jobs', 'heartbeat own 3 4']);
    await beat(3);
    expect(membership.beats()).toBe(4);
    await node.stop();
    await beat(3);
    expect([membership.beats(), ended]).toEqual([4, ['own']]);
  });

  it('that cannot register does not start', async () => {
    membership.failing.add('register');
    await expect(node.start()).rejects.toThrow('away');
    await beat(3);
    expect(membership.beats()).toBe(0);
  });

  it.each(['heartbeat', 'get'] as const)('goes on when %s fails', async (call) => {
    await node.start();
    membership.drainingSince = new Date();
    membership.failing.add(call);
    await beat(3);
    expect([membership.beats(), node.state]).toEqual([4, 'up']);
    membership.failing.clear();
    await beat();
    expect(node.state).toBe('drained');
  });

  it('waits for a heartbeat under way before it stops', async () => {
    await node.start();
    const slow = Promise.withResolvers<null>();
    membership.heartbeat = () => slow.promise;
    await beat();
    const stopped = node.stop();
    await vi.advanceTimersByTimeAsync(10);
    expect(ended).toEqual([]);
    slow.resolve(null);
    await stopped;
    expect(ended).toEqual(['own']);
  });
});

describe('draining', () => {
  it('is noticed with the next heartbeat, and reported once for each change', async () => {
    await node.start();
    expect([node.state, await node.draining()]).toEqual(['up', undefined]);
    membership.drainingSince = new Date();
    membership.left.sessions = 2;
    await beat(3);
    expect([node.state, drainChanges]).toEqual(['draining', 1]);
    expect(await node.draining()).toMatchObject({ state: 'draining', left: { sessions: 2, uploads: 0 } });
    membership.left.sessions = 0;
    await beat(2);
    expect([node.state, drainChanges]).toEqual(['drained', 2]);
    membership.drainingSince = null;
    await beat(2);
    expect([node.state, drainChanges, await node.draining()]).toEqual(['up', 3, undefined]);
  });

  it.each(['sessions', 'egresses', 'uploads', 'expected'] as const)('is not over while there are %s', async (what) => {
    membership.drainingSince = new Date();
    membership.left[what] = 1;
    await node.start();
    expect(node.state).toBe('draining');
    membership.left[what] = 0;
    await beat();
    expect(node.state).toBe('drained');
  });

  it('of a node that is not known changes nothing', async () => {
    membership.known = false;
    membership.drainingSince = new Date();
    await node.start();
    expect([node.state, drainChanges]).toEqual(['up', 0]);
  });
});

describe('sessions of a lost node', () => {
  it('end as of when it was last seen, and those of this node never', async () => {
    const seenAt = new Date(1_000);
    membership.lost = [
      { id: 'other', seenAt },
      { id: 'own', seenAt },
      { id: 'third', seenAt: new Date(2_000) },
    ];
    await node.start();
    await beat(3);
    expect(ended).toEqual([]);
    await beat();
    expect(ended).toEqual(['other 1000', 'third 2000']);
    expect(membership.calls.filter((it) => it === 'look for lost nodes')).toHaveLength(1);
    await beat(5);
    expect(membership.calls.filter((it) => it === 'look for lost nodes')).toHaveLength(2);
  });

  it('that cannot be ended are tried again', async () => {
    membership.lost = [{ id: 'other', seenAt: new Date(1_000) }];
    const works = endLost;
    endLost = away;
    await node.start();
    await beat(4);
    expect(ended).toEqual([]);
    endLost = works;
    await beat(5);
    expect(ended).toEqual(['other 1000']);
  });

  it('that this node had itself end before it starts again', async () => {
    await node.recover();
    expect(ended).toEqual([]);
    membership.seen = new Date(5_000);
    await node.recover();
    expect(ended).toEqual(['own 5000']);
  });
});
