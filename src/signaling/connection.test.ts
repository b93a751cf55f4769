// A client that is let in has to join in time.
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { FACTS, FakeLink, GRANT, JOINING, LiveRoomStage, silent } from '../../test/harness/live-room-stage.ts';
import { Connection, type SignalingServices } from './connection.ts';

const JOIN_MS = 30_000;

let stage: LiveRoomStage;
let link: FakeLink;

beforeEach(() => {
  vi.useFakeTimers();
  stage = new LiveRoomStage();
  link = new FakeLink();
});

afterEach(() => {
  vi.useRealTimers();
});

function connect(entry: 'allowed' | 'ask' = 'allowed'): Connection {
  const services = { openRoom: () => stage.room } as unknown as SignalingServices;
  const grant = { ...GRANT, entry };
  return new Connection({
    link: link as never,
    services,
    peerId: 'ann',
    facts: FACTS,
    grant,
    token: 'token',
    mode: 'SEND_AND_RECV',
    joinMs: JOIN_MS,
    log: silent,
  });
}

describe('a client that is let in', () => {
  it('and does not join in time is sent away with the reason', async () => {
    await connect().enter('Ann');
    await vi.advanceTimersByTimeAsync(JOIN_MS - 1);
    expect(link.closed).toBeUndefined();
    await vi.advanceTimersByTimeAsync(1);
    expect(link.got.at(-1)).toMatchObject({ method: 'error' });
    expect(link.closed).toMatchObject({ code: 1103 });
  });

  it('and joins in time stays', async () => {
    const { room, participant } = await connect().enter('Ann');
    await vi.advanceTimersByTimeAsync(JOIN_MS - 1);
    await room.join(participant, { ...JOINING, displayName: 'Ann' });
    await vi.advanceTimersByTimeAsync(3 * JOIN_MS);
    expect(link.closed).toBeUndefined();
  });

  it('and asks again has the whole time again', async () => {
    const connection = connect();
    await connection.enter('Ann');
    await vi.advanceTimersByTimeAsync(JOIN_MS - 1);
    await connection.enter('Ann');
    await vi.advanceTimersByTimeAsync(JOIN_MS - 1);
    expect(link.closed).toBeUndefined();
    await vi.advanceTimersByTimeAsync(1);
    expect(link.closed).toMatchObject({ code: 1103 });
  });

  it('and is gone is not sent away', async () => {
    const connection = connect();
    await connection.enter('Ann');
    await connection.disconnected();
    await vi.advanceTimersByTimeAsync(3 * JOIN_MS);
    expect(link.closed).toBeUndefined();
  });
});

describe('a client that asks for entry', () => {
  it('waits as long as nobody decides, and has the whole time to join after that', async () => {
    const host = await stage.join('host');
    await connect('ask').enter('Ann');
    await vi.advanceTimersByTimeAsync(10 * JOIN_MS);
    expect(link.closed).toBeUndefined();
    stage.room.decide(host.participant, 'ann', 'allowed');
    await vi.advanceTimersByTimeAsync(JOIN_MS - 1);
    expect(link.closed).toBeUndefined();
    await vi.advanceTimersByTimeAsync(JOIN_MS + 1);
    expect(link.closed).toMatchObject({ code: 1103 });
  });
});
