import { describe, expect, it } from 'vitest';
import { combinations, FakeLink, GRANT, silent } from '../../test/harness/live-room-stage.ts';
import type { PeerMedia } from './media-plane.ts';
import { Participant } from './participant.ts';
import { Roster } from './roster.ts';

function person(id: string, { hidden = false, entry = 'allowed' as 'allowed' | 'ask' } = {}): Participant {
  return new Participant({
    id,
    name: id,
    grant: { ...GRANT, entry },
    token: id,
    link: new FakeLink(),
    media: {} as PeerMedia,
    hidden,
    claim: 'free',
    replaces: new Set(),
    spans: { openSpan: async () => undefined, closeSpan: async () => undefined },
    log: silent,
  });
}

const STEPS = {
  new: () => undefined,
  asking: (roster: Roster, it: Participant) => roster.ask(it),
  admitted: (roster: Roster, it: Participant) => roster.admit(it),
  'asked and admitted': (roster: Roster, it: Participant) => {
    roster.ask(it);
    roster.admit(it);
  },
  joined: (roster: Roster, it: Participant) => {
    roster.admit(it);
    roster.join(it);
  },
  removed: (roster: Roster, it: Participant) => {
    roster.admit(it);
    roster.join(it);
    roster.remove(it);
  },
};
type State = keyof typeof STEPS;

describe('a participant', () => {
  it.each(combinations({ state: Object.keys(STEPS) as State[], hidden: [false, true], lost: [false, true] }))(
    'that is $state, hidden $hidden, connection lost $lost',
    ({ state, hidden, lost }) => {
      const roster = new Roster();
      const ann = person('ann', { hidden });
      STEPS[state](roster, ann);
      if (lost) ann.lostAt = new Date();
      const isJoined = state === 'joined';
      const isAdmitted = isJoined || state.endsWith('admitted');
      expect(roster.isJoined(ann)).toBe(isJoined);
      expect(roster.isAdmitted(ann)).toBe(isAdmitted);
      expect(roster.admitted.has(ann)).toBe(isAdmitted && !isJoined);
      expect(roster.asking.has(ann)).toBe(state === 'asking');
      expect(roster.find('ann')).toBe(isJoined && !hidden ? ann : undefined);
      expect(roster.observer('ann')).toBe(isJoined && hidden ? ann : undefined);
      expect(roster.audience).toEqual(isJoined ? [ann] : []);
      expect(roster.present).toEqual(isJoined && !hidden && !lost ? [ann] : []);
      expect(roster.deciders).toEqual(roster.present);
      expect(roster.size).toBe(isJoined && !hidden ? 1 : 0);
      expect(roster.isEmpty).toBe(state === 'new' || state === 'removed' || (isJoined && hidden));
      const holds = !hidden && state !== 'new' && state !== 'removed';
      expect(roster.holdersOf('ann')).toEqual(holds ? [ann] : []);
      roster.notify({ method: 'activeSpeaker', peerId: null });
      expect((ann.link as FakeLink).got).toHaveLength(isJoined && !lost ? 1 : 0);
      if (isJoined) expect(() => roster.requireJoined(ann)).not.toThrow();
      else expect(() => roster.requireJoined(ann)).toThrow('Join the meeting first.');
    },
  );

  it('that had to ask decides on nobody', () => {
    const roster = new Roster();
    roster.join(person('ann', { entry: 'ask' }));
    expect(roster.deciders).toEqual([]);
  });
});

it('names the one who has joined first among the holders of an id', () => {
  const roster = new Roster();
  const [asks, waits, joined] = [person('ann'), person('ann'), person('ann')];
  roster.ask(asks);
  roster.admit(waits);
  roster.join(joined);
  expect(roster.holdersOf('ann')).toEqual([joined, waits, asks]);
  expect(roster.holdersOf('bob')).toEqual([]);
});

it('keeps the one who has an id now when an earlier holder is removed', () => {
  const roster = new Roster();
  const [first, second] = [person('ann'), person('ann')];
  roster.join(first);
  roster.join(second);
  roster.remove(first);
  expect(roster.require('ann')).toBe(second);
  expect(() => roster.require('bob')).toThrow('bob');
});

it('notifies all but one, and clears all but the observers', () => {
  const roster = new Roster();
  const [ann, bob, recorder] = [person('ann'), person('bob'), person('recorder', { hidden: true })];
  const [asks, waits] = [person('cat'), person('dan')];
  for (const it of [ann, bob, recorder]) roster.join(it);
  roster.ask(asks);
  roster.admit(waits);
  roster.notify({ method: 'activeSpeaker', peerId: null }, ann);
  const got = [ann, bob, recorder, asks, waits].map(({ link }) => (link as FakeLink).got.length);
  expect(got).toEqual([0, 1, 1, 0, 0]);
  expect(roster.clear()).toEqual([ann, bob, waits, asks]);
  expect([roster.isEmpty, roster.observers]).toEqual([true, [recorder]]);
});
