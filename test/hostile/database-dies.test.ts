// The database is killed under a meeting: the meeting goes on, and what happened meanwhile is told when it is back.
import { expect, test, vi } from 'vitest';
import { RawClient } from '../harness/raw-client.ts';
import { startTestApp } from '../harness/test-app.ts';

test('a meeting survives the death of the database, and nothing of it is lost', { timeout: 60_000 }, async () => {
  await using server = await startTestApp({ DATABASE_URL: '' });
  const url = String(server.app.httpUrl);
  const roomId = String((await server.post('/v2/rooms', {})).body.roomId);
  const ada = await RawClient.join(url, { roomId, peerId: 'ada', secret: await server.token() });
  const ben = await RawClient.join(url, { roomId, peerId: 'ben', secret: await server.token() });

  const starts = () => server.log.filter((line) => line.msg === 'postgres.started');
  process.kill(Number(starts()[0]?.postgresPid), 'SIGKILL');
  await ben.request('definePeerLeftReason', { leaveReason: 'MANUAL_LEAVE_CALLED' });
  ben.close();
  await vi.waitFor(() => expect(starts()).toHaveLength(2), { timeout: 20_000 });

  await ada.waitFor((it) => it.method === 'peerClosed' && it.peerId === 'ben');
  const cat = await RawClient.join(url, { roomId, peerId: 'cat', secret: await server.token() });
  const { body } = await server.get(`/v2/sessions?roomId=${roomId}`);
  const [session] = body.data as {
    status: string;
    participants: { participantId: string; timelog: { end: unknown }[] }[];
  }[];
  expect(session?.status).toBe('ongoing');
  expect(session?.participants.map((it) => [it.participantId, it.timelog.map(({ end }) => end !== null)])).toEqual([
    ['ada', [false]],
    ['ben', [true]],
    ['cat', [false]],
  ]);
  ada.close();
  cat.close();
});
