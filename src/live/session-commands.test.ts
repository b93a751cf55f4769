// Commands for sessions: carried out here, sent to another node, or dropped with a session that is over.
import { beforeEach, describe, expect, it } from 'vitest';
import { LiveRoomStage, type Person, silent } from '../../test/harness/live-room-stage.ts';
import type { SessionJob } from '../jobs/job.ts';
import { SessionCommands } from './session-commands.ts';

let stage: LiveRoomStage;
let ann: Person;
let bob: Person;
let owner: string | undefined;
let placed: Awaited<ReturnType<ConstructorParameters<typeof SessionCommands>[0]['owners']['place']>>;
let sent: { nodeId: string; job: SessionJob }[];
let commands: SessionCommands;

const handle = (job: SessionJob) => commands.handle(job);

beforeEach(async () => {
  stage = new LiveRoomStage();
  [ann, bob] = [await stage.join('ann'), await stage.join('bob')];
  sent = [];
  commands = new SessionCommands({
    nodeId: 'own',
    owners: { ofSession: async () => owner, place: async () => placed },
    mailbox: {
      send: async (nodeId, job) => void sent.push({ nodeId, job }),
    },
    rooms: { ofSession: (id) => (stage.room.live && stage.room.sessionId === id ? stage.room : undefined) },
    log: silent,
  });
});

describe('a command for a session', () => {
  it('here is carried out at once', async () => {
    await commands.removeParticipant(stage.room.sessionId, 'ann');
    expect([ann.link.closed?.code, bob.link.closed]).toEqual([1010, undefined]);
    await commands.endSession(stage.room.sessionId, 'ended-by-api');
    expect([bob.link.closed?.code, stage.room.live, sent]).toEqual([1009, false, []]);
  });

  it.each([
    ['on another node is sent there', 'other', 1],
    ['that should be here and is not is dropped', 'own', 0],
    ['that is over is dropped', undefined, 0],
  ])('%s', async (_name, node, count) => {
    owner = node;
    await commands.endSession('elsewhere', 'deactivated');
    await commands.removeParticipant('elsewhere', 'ann');
    const jobs = [
      { command: 'end-session', sessionId: 'elsewhere', reason: 'deactivated' },
      { command: 'remove-participant', sessionId: 'elsewhere', participantId: 'ann' },
    ];
    expect(sent).toEqual(count ? jobs.map((job) => ({ nodeId: 'other', job })) : []);
    expect(stage.room.size).toBe(2);
  });
});

describe('a job', () => {
  it.each<[Partial<SessionJob> & { command: SessionJob['command'] }, number | undefined, number | undefined]>([
    [{ command: 'auto-close' }, 1006, 1006],
    [{ command: 'end-session', reason: 'ended-by-api' }, 1009, 1009],
    [{ command: 'end-session', reason: 'deactivated' }, 1009, 1009],
    [{ command: 'remove-participant', participantId: 'ann' }, 1010, undefined],
    [{ command: 'remove-participant', participantId: 'nobody' }, undefined, undefined],
    [{ command: 'reconnect-timeout', participantId: 'ann', disconnectedAt: 'never' }, undefined, undefined],
  ])('%o', async (job, annClosed, bobClosed) => {
    await handle({ ...job, sessionId: 'over' } as SessionJob);
    expect([ann.link.closed, bob.link.closed]).toEqual([undefined, undefined]);
    await handle({ ...job, sessionId: stage.room.sessionId } as SessionJob);
    expect([ann.link.closed?.code, bob.link.closed?.code]).toEqual([annClosed, bobClosed]);
  });

  it('gives up a connection that did not come back', async () => {
    await stage.room.disconnected(ann.participant);
    const disconnectedAt = String(ann.participant.lostAt?.toISOString());
    await handle({
      command: 'reconnect-timeout',
      sessionId: stage.room.sessionId,
      participantId: 'ann',
      disconnectedAt,
    });
    expect(stage.room.size).toBe(1);
  });
});

describe('the placement of a room', () => {
  it('is a node, or the reason why there is none', async () => {
    placed = { id: 'other', publicUrl: 'http://other' };
    expect(await commands.placement({ roomId: 'room' })).toMatchObject({ publicUrl: 'http://other' });
    placed = 'draining';
    await expect(commands.placement({ roomId: 'room' })).rejects.toMatchObject({
      code: 'NOT_READY',
      message: /draining/,
    });
    placed = undefined;
    await expect(commands.placement({ roomId: 'room' })).rejects.toMatchObject({ status: 503 });
  });
});
