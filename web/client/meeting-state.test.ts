import { describe, expect, it } from 'vitest';
import { type ChatMessage, mergeChat, withHand } from './meeting-state.ts';

const message = (id: string, second: number): ChatMessage => ({
  id,
  senderId: 'ann',
  senderName: 'Ann',
  text: id,
  at: new Date(second * 1000),
});

describe('chat', () => {
  it('has every message once and in order, also when history comes again', () => {
    const known = [message('a', 1), message('c', 3)];
    const merged = mergeChat(known, [message('a', 1), message('b', 2), message('c', 3)]);
    expect(merged.map((it) => it.id)).toEqual(['a', 'b', 'c']);
    expect(mergeChat(known, [message('a', 1)])).toBe(known);
  });
});

describe('hands', () => {
  it('are in the order in which they were raised', () => {
    const hands = withHand(withHand([], 'ann', true), 'bob', true);
    expect(hands).toEqual(['ann', 'bob']);
    expect(withHand(hands, 'ann', true)).toBe(hands);
    expect(withHand(hands, 'ann', false)).toEqual(['bob']);
  });
});
