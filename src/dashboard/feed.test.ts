import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { createLogger } from '../log.ts';
import { CHANGE_TOPICS, type ChangeTopic } from '../protocol/rest/dashboard.ts';
import { Feed } from './feed.ts';

/** Two nodes on one channel, without a database. */
class Channel {
  readonly sent: string[][] = [];
  readonly hear = new Set<(topic?: string) => void>();
  fails = false;

  async listen(onChange: (topic?: string) => void) {
    this.hear.add(onChange);
    return { close: async () => void this.hear.delete(onChange) };
  }

  async notify(topics: readonly string[]) {
    if (this.fails) throw new Error('the database is away');
    this.sent.push([...topics]);
    for (const topic of topics) for (const hear of this.hear) hear(topic);
  }
}

let channel: Channel;
let feed: Feed;
let heard: ChangeTopic[][];
beforeEach(async () => {
  vi.useFakeTimers();
  channel = new Channel();
  feed = new Feed({ channel, log: createLogger('silent') });
  await feed.start();
  heard = [];
  feed.subscribe((topics) => heard.push([...topics]));
});
afterEach(async () => {
  await feed.stop();
  vi.useRealTimers();
});

test('a change is told at once, and what follows closely together', async () => {
  for (let i = 0; i < 1_000; i++) feed.changed('deliveries');
  feed.changed('rooms');
  await vi.advanceTimersByTimeAsync(0);
  expect(heard).toEqual([['deliveries']]);
  await vi.advanceTimersByTimeAsync(2_000);
  expect(channel.sent).toEqual([['deliveries'], ['deliveries', 'rooms']]);
  expect(heard.slice(1).flat().sort()).toEqual(['deliveries', 'rooms']);
});

test('after a gap anything may have changed', async () => {
  for (const hear of channel.hear) hear();
  await vi.advanceTimersByTimeAsync(1_000);
  expect(heard.flat().sort()).toEqual([...CHANGE_TOPICS].sort());
});

test('topics of a newer version are passed over, and a failed notice is only logged', async () => {
  for (const hear of channel.hear) hear('something-new');
  channel.fails = true;
  feed.changed('keys');
  await vi.advanceTimersByTimeAsync(1_000);
  expect(heard).toEqual([]);
});

test('who no longer listens hears nothing, and neither does anybody after the stop', async () => {
  const late: ChangeTopic[] = [];
  feed.subscribe((topics) => late.push(...topics))();
  feed.changed('keys');
  await vi.advanceTimersByTimeAsync(1_000);
  expect(late).toEqual([]);
  feed.changed('keys');
  feed.changed('rooms');
  await feed.stop();
  heard = [];
  await vi.advanceTimersByTimeAsync(5_000);
  expect([heard, channel.hear.size]).toEqual([[], 0]);
});
