import { describe, expect, it } from 'vitest';
import { DEFAULT_LIMITS } from '../limits.ts';
import type { TopicMessage, TopicStore } from './ports.ts';
import { type TopicListener, Topics } from './topics.ts';

function message(id: string, sendOnly: string[] = []): TopicMessage {
  const empty = {
    message: id,
    payload: new Uint8Array(),
    timestamp: '',
    senderId: 'a',
    senderName: 'A',
    persistId: '',
  };
  return { ...empty, id, sendOnly };
}

/** Keeps messages in an array, and answers after the event loop has gone round. */
class SlowStore implements TopicStore {
  readonly kept: TopicMessage[] = [];

  async keep(_sessionId: string, _topic: string, it: TopicMessage): Promise<string> {
    await new Promise(setImmediate);
    this.kept.push(it);
    return String(this.kept.length);
  }

  async history(_sessionId: string, _topic: string, participantId: string, limit: number): Promise<TopicMessage[]> {
    await new Promise(setImmediate);
    const visible = this.kept.filter((it) => it.sendOnly.length === 0 || it.sendOnly.includes(participantId));
    return visible.slice(-limit);
  }

  async latest(): Promise<string> {
    return String(this.kept.length);
  }
}

function listener(participantId: string): TopicListener & { got: string[] } {
  const got: string[] = [];
  return { participantId, got, deliver: (_topic, it) => void got.push(it.id) };
}

describe('topics', () => {
  it('never lose or repeat a message between history and delivery', async () => {
    const topics = new Topics(new SlowStore(), DEFAULT_LIMITS);
    const late = listener('late');
    const before = topics.publish('s', 'chat', message('1'), true);
    const subscribed = topics.subscribe('s', 'chat', late, -1);
    const after = topics.publish('s', 'chat', message('2'), true);
    const history = await subscribed;
    await Promise.all([before, after]);
    expect(history.map((it) => it.id)).toEqual(['1']);
    expect(late.got).toEqual(['2']);
  });

  it('deliver what is for some to those only, live and from history', async () => {
    const topics = new Topics(new SlowStore(), DEFAULT_LIMITS);
    const [ada, ben] = [listener('ada'), listener('ben')];
    await topics.subscribe('s', 'chat', ada, 0);
    await topics.subscribe('s', 'chat', ben, 0);
    await topics.publish('s', 'chat', message('private', ['ada']), true);
    expect([ada.got, ben.got]).toEqual([['private'], []]);
    expect(await topics.subscribe('s', 'chat', ben, -1)).toEqual([]);
  });

  it('deliver once to a connection that subscribed twice, and nothing after it unsubscribed', async () => {
    const topics = new Topics(new SlowStore(), DEFAULT_LIMITS);
    const ada = listener('ada');
    await topics.subscribe('s', 'chat', ada, 0);
    await topics.subscribe('s', 'chat', ada, 0);
    await topics.publish('s', 'chat', message('1'), false);
    topics.unsubscribe('chat', ada);
    await topics.publish('s', 'chat', message('2'), false);
    expect(ada.got).toEqual(['1']);
  });

  it('replay the latest messages, oldest first, and none when asked for none', async () => {
    const topics = new Topics(new SlowStore(), DEFAULT_LIMITS);
    for (const id of ['1', '2', '3']) await topics.publish('s', 'chat', message(id), true);
    const ada = listener('ada');
    expect((await topics.subscribe('s', 'chat', ada, 2)).map((it) => it.id)).toEqual(['2', '3']);
    expect(await topics.subscribe('s', 'chat', ada, 0)).toEqual([]);
  });
});
