// A room is recorded: started and stopped over REST, by itself and with its session, whatever happens in between.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { EgressStage } from '../harness/egress-stage.ts';

let stage: EgressStage;
beforeAll(async () => {
  stage = await EgressStage.set({ ROOMFUL_EGRESS_SLOTS: '8' });
});
afterAll(() => stage[Symbol.asyncDispose]());

const start = (body: object) => stage.app.post('/v2/recordings/start', body);
const stop = (body: object, path = 'end') => stage.app.post(`/v2/recordings/${path}`, body);
// biome-ignore lint/suspicious/noExplicitAny: answers are looked into
const recordings = async (roomId: string) => (await stage.app.get(`/v2/recordings?roomId=${roomId}`)).body as any;

describe('a recording', () => {
  it('becomes a file that can be fetched, and tells of each step', async () => {
    const roomId = await stage.room();
    const ann = await stage.join(roomId);
    expect(await start({ roomId })).toEqual({ status: 200, body: 'Recording started successfully' });
    await ann.waitFor((it) => it.status === 'RECORDING_STARTED');
    expect((await recordings(roomId)).data[0]).toMatchObject({ status: 'active', end: null, file: null, fileId: null });
    expect(await stop({ roomId })).toEqual({ status: 200, body: 'Recording ended successfully' });
    const stopped = await stage.event(roomId, 'recording-stopped');
    const [recording] = (await recordings(roomId)).data;
    expect(recording).toMatchObject({
      roomId,
      status: 'completed',
      file: {
        type: 'video',
        meta: { resolution: { width: 160, height: 90 }, duration: 2, format: 'mov,mp4,m4a,3gp,3g2,mj2' },
        filePath: `recordings/${recording.fileId}.mp4`,
        userStorage: null,
      },
      links: { get_room: expect.stringContaining(`/v2/rooms/${roomId}`) },
    });
    expect(recording.file.ratio).toEqual({ 90: recording.file.size / 2 });
    expect(stopped.data).toEqual({
      meetingId: roomId,
      sessionId: recording.sessionId,
      filePath: `/${recording.file.filePath}`,
      fileUrl: recording.file.fileUrl,
    });
    const types = (await stage.events(roomId)).map(({ type }) => type).filter((type) => type.startsWith('recording'));
    expect(types).toEqual(['recording-starting', 'recording-started', 'recording-stopping', 'recording-stopped']);
    const states = ann.notifications.filter((it) => it.method === 'recordingStateChanged').map((it) => it.status);
    expect(states).toEqual(['RECORDING_STARTING', 'RECORDING_STARTED', 'RECORDING_STOPPING', 'RECORDING_STOPPED']);

    const whole = await fetch(recording.file.fileUrl);
    expect(whole.headers.get('content-type')).toBe('video/mp4');
    const bytes = Buffer.from(await whole.arrayBuffer());
    expect(bytes).toHaveLength(recording.file.size);
    const part = await fetch(recording.file.fileUrl, { headers: { range: 'bytes=4-7' } });
    expect([part.status, part.headers.get('content-range')]).toEqual([206, `bytes 4-7/${bytes.length}`]);
    expect(Buffer.from(await part.arrayBuffer())).toEqual(bytes.subarray(4, 8));
    const beyond = await fetch(recording.file.fileUrl, { headers: { range: 'bytes=99999999-' } });
    expect(beyond.status).toBe(416);
    const head = await fetch(recording.file.fileUrl, { method: 'HEAD' });
    expect(head.headers.get('content-length')).toBe(String(bytes.length));
  });

  it('is deleted with its file, and deleting it again harms nothing', async () => {
    const roomId = await stage.room();
    await stage.join(roomId);
    await start({ roomId, awsDirPath: '/meetings/march/' });
    await stage.event(roomId, 'recording-started');
    await stop({ roomId }, 'stop');
    await stage.event(roomId, 'recording-stopped');
    const [{ id, file }] = (await recordings(roomId)).data;
    expect(file.filePath).toBe(`meetings/march/${file.id}.mp4`);
    const remove = async () =>
      fetch(`${stage.app.app.httpUrl}/v2/recordings/${id}`, {
        method: 'DELETE',
        headers: { authorization: await stage.app.token() },
      });
    expect(await (await remove()).json()).toBe('Room recording deleted successfully');
    expect((await fetch(file.fileUrl)).status).toBe(404);
    expect((await remove()).status).toBe(404);
    expect((await recordings(roomId)).data).toEqual([]);
  });

  it('is refused without a session, twice at once, and in vain stopped', async () => {
    const roomId = await stage.room();
    expect(await start({ roomId })).toMatchObject({ status: 400, body: { code: 'NO_LIVE_SESSION' } });
    expect(await start({ roomId: 'nope' })).toMatchObject({ status: 404, body: { code: 'ROOM_NOT_FOUND' } });
    await stage.join(roomId);
    expect(await stop({ roomId })).toMatchObject({ status: 404, body: { code: 'RECORDING_NOT_RUNNING' } });
    const both = await Promise.all([start({ roomId }), start({ roomId })]);
    expect(both.map(({ status }) => status).sort()).toEqual([200, 409]);
  });

  it('is allowed several times where the room wants that', async () => {
    const roomId = await stage.room({ multiComposition: { recording: true } });
    await stage.join(roomId);
    expect((await start({ roomId })).status).toBe(200);
    expect((await start({ roomId, config: { theme: 'DARK' } })).status).toBe(200);
    const states = async () => (await recordings(roomId)).data.map((it: { status: string }) => it.status);
    await expect.poll(states).toEqual(['active', 'active']);
    const [second] = (await recordings(roomId)).data;
    await stop({ roomId, id: second.id });
    await stage.event(roomId, 'recording-stopped');
    expect(await states()).toEqual(['completed', 'active']);
  });

  it.each([
    [{ config: { layout: { type: 'MOSAIC' } } }, /config.layout.type/],
    [{ config: { layout: { gridSize: 26 } } }, /gridSize/],
    [{ webhookUrl: 'ftp://example.com' }, /webhookUrl/],
    [{ webhookUrl: 'http://169.254.169.254/' }, /webhookUrl/],
    [{ preSignedUrl: 'http://10.0.0.1/x' }, /preSignedUrl/],
    [{ fileFormat: 'avi' }, /fileFormat/],
    [{ awsDirPath: '../..' }, /awsDirPath/],
    [{ templateUrl: 'https://10.0.0.1/template' }, /templateUrl: 10\.0\.0\.1 may not be reached/],
    [{ onFailure: { action: 'panic' } }, /onFailure/],
  ])('is refused when it asks for %j, and nothing is left of it', async (wish, sentence) => {
    const roomId = await stage.room();
    await stage.join(roomId);
    const { status, body } = await start({ roomId, ...wish });
    expect([status, body.message]).toEqual([400, expect.stringMatching(sentence)]);
    expect((await recordings(roomId)).data).toEqual([]);
  });

  it('that is stopped or whose session ends while it is being started ends all the same', async () => {
    const stopped = await stage.room();
    await stage.join(stopped);
    await Promise.all([
      start({ roomId: stopped }),
      expect.poll(async () => (await stop({ roomId: stopped })).status, { interval: 5 }).toBe(200),
    ]);
    const left = await stage.room();
    const ann = await stage.join(left);
    const starting = start({ roomId: left });
    await ann.request('definePeerLeftReason', { leaveReason: 'MANUAL_LEAVE_CALLED' });
    ann.close();
    await starting;
    for (const roomId of [stopped, left]) {
      // The session may have ended even before the recording was asked for.
      if ((await recordings(roomId)).data.length === 0) continue;
      await expect.poll(async () => (await recordings(roomId)).data[0].end, { timeout: 10_000 }).not.toBeNull();
      const ends = (await stage.events(roomId)).filter(({ type }) => /recording-(stopped|failed)/.test(type));
      expect(ends).toHaveLength(1);
    }
  });

  it('takes null for what is absent, as clients send it', async () => {
    const roomId = await stage.room();
    await stage.join(roomId);
    expect((await start({ roomId, webhookUrl: null, awsDirPath: null, config: null })).status).toBe(200);
  });

  it('goes on after its compositor was killed, and tells of the gap', async () => {
    const roomId = await stage.room();
    const before = await stage.compositors();
    await stage.join(roomId);
    await start({ roomId });
    await stage.event(roomId, 'recording-started');
    const [pid = 0] = (await stage.compositors()).filter((it) => !before.includes(it));
    process.kill(pid, 'SIGKILL');
    await expect
      .poll(async () => (await recordings(roomId)).data[0].gaps, { timeout: 10_000 })
      .toEqual([{ at: expect.any(String), duration: expect.any(Number) }]);
    await expect.poll(async () => (await stage.compositors()).length, { timeout: 5000 }).toBeGreaterThan(before.length);
    // The second part is written at once, as the first was.
    await new Promise((resolve) => setTimeout(resolve, 1500));
    await stop({ roomId });
    await stage.event(roomId, 'recording-stopped');
    const [recording] = (await recordings(roomId)).data;
    expect(recording.file.meta.duration).toBeCloseTo(4, 0);
    const types = (await stage.events(roomId)).map(({ type }) => type).filter((type) => type.startsWith('recording'));
    expect(types).toEqual(['recording-starting', 'recording-started', 'recording-stopping', 'recording-stopped']);
  });
});

describe('the end of a session', () => {
  it('stops what runs before it is told, and files follow', async () => {
    const roomId = await stage.room();
    const ann = await stage.join(roomId);
    await start({ roomId });
    await stage.app.post('/v2/hls/start', { roomId });
    await stage.event(roomId, 'recording-started');
    await stage.event(roomId, 'hls-playable');
    await ann.request('definePeerLeftReason', { leaveReason: 'MANUAL_LEAVE_CALLED' });
    ann.close();
    await stage.event(roomId, 'recording-stopped');
    await stage.event(roomId, 'hls-stopped');
    const types = (await stage.events(roomId)).map(({ type }) => type);
    const end = types.indexOf('session-ended');
    expect(types.slice(end - 3, end)).toEqual(['participant-left', 'recording-stopping', 'hls-stopping']);
    expect(types.slice(end + 1).sort()).toEqual(['hls-stopped', 'recording-stopped']);
  });
});

describe('a server that is stopped', () => {
  it('finishes what it records first', async () => {
    await using small = await EgressStage.set();
    const roomId = await small.room();
    await small.join(roomId);
    await small.app.post('/v2/recordings/start', { roomId });
    await small.event(roomId, 'recording-started');
    await small.app.app.stop();
    const types = (await small.events(roomId)).map(({ type }) => type);
    expect(types.slice(-3)).toEqual(['recording-stopping', 'session-ended', 'recording-stopped']);
    expect(small.app.errors()).toEqual([]);
  });
});

describe('auto-start', () => {
  it('begins recording and HLS with the session, in one composition when their settings agree', async () => {
    const config = { layout: { type: 'GRID', priority: 'SPEAKER', gridSize: 4 } };
    const roomId = await stage.room({
      autoStartConfig: { recording: { config, theme: 'DARK' }, hls: { config: { ...config, theme: 'DARK' } } },
    });
    await stage.join(roomId);
    await stage.event(roomId, 'recording-started');
    await stage.event(roomId, 'hls-started');
    const rows = await stage.app.database.db
      .selectFrom('egresses')
      .where('room_id', '=', roomId)
      .select('composition_id')
      .execute();
    expect(rows).toHaveLength(2);
    expect(new Set(rows.map((row) => row.composition_id)).size).toBe(1);
  });

  it('that cannot be fails without harm to the join', async () => {
    const roomId = await stage.room({ autoStartConfig: { recording: { templateUrl: 'https://example.com/page' } } });
    const ann = await stage.join(roomId);
    const failed = await stage.event(roomId, 'recording-failed');
    expect(failed.data).toMatchObject({ meetingId: roomId });
    expect(ann.socket.connected).toBe(true);
  });
});

describe('a slot', () => {
  it('that is not free is waited for, in order', async () => {
    await using small = await EgressStage.set({ ROOMFUL_EGRESS_SLOTS: '1' });
    const rooms = await Promise.all([small.room(), small.room(), small.room()]);
    for (const roomId of rooms) {
      await small.join(roomId);
      expect((await small.app.post('/v2/recordings/start', { roomId })).status).toBe(200);
    }
    const [first = '', second = '', third = ''] = rooms;
    // biome-ignore lint/suspicious/noExplicitAny: answers are looked into
    const [waiting] = ((await small.app.get(`/v2/recordings?roomId=${third}`)).body as any).data;
    expect(waiting).toMatchObject({ status: 'queued', queuePosition: 2 });
    await small.event(first, 'recording-started');
    await small.app.post('/v2/recordings/end', { roomId: first });
    await small.event(second, 'recording-started');
    // Called off before its turn came: told, since somebody waits for it.
    await small.app.post('/v2/recordings/end', { roomId: third });
    await small.event(third, 'recording-failed');
    expect((await small.events(third)).map(({ type }) => type)).not.toContain('recording-starting');
  });
});

describe('a page that is to be filmed', () => {
  it('takes a browser, and whoever asks without one is told so', async () => {
    const roomId = await stage.room();
    await stage.join(roomId);
    const { status, body } = await start({ roomId, templateUrl: 'https://example.com/page' });
    expect([status, body.message]).toEqual([503, expect.stringMatching(/no browser .* ROOMFUL_BROWSER/)]);
    await stage.event(roomId, 'recording-failed');
  });
});

describe('a compositor that cannot be started', () => {
  it('is told to the caller and by one event', async () => {
    await using broken = await EgressStage.set({}, { compositor: 'never-ready' });
    const roomId = await broken.room();
    const ann = await broken.join(roomId);
    const { status, body } = await broken.app.post('/v2/recordings/start', { roomId });
    expect([status, body.message]).toEqual([503, expect.stringContaining('the encoder could not be opened')]);
    await broken.event(roomId, 'recording-failed');
    const types = (await broken.events(roomId)).map(({ type }) => type).filter((type) => type.startsWith('recording'));
    expect(types).toEqual(['recording-starting', 'recording-failed']);
    await ann.waitFor((it) => it.method === 'error' && it.code === 5001);
  });

  it('closes the room where the caller wanted that', async () => {
    await using broken = await EgressStage.set({}, { compositor: 'never-ready' });
    const roomId = await broken.room();
    await broken.join(roomId);
    await broken.app.post('/v2/recordings/start', { roomId, onFailure: { action: 'close-room', waitTime: 0 } });
    await broken.event(roomId, 'session-ended');
  });
});
