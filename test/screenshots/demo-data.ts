// A month in the life of a small company, as rows: for pictures, never for tests.
import { newObjectId, newRoomId } from '../../src/protocol/ids.ts';
import type { MediaSpanKind } from '../../src/protocol/session.ts';
import type { Db } from '../../src/store/database.ts';
import { QualityStore } from '../../src/store/quality-store.ts';
import { insertEgress } from '../harness/egresses.ts';
import { demoQuality } from './demo-quality.ts';

const MINUTE_MS = 60_000;
const DAY_MS = 24 * 60 * MINUTE_MS;
const HOOK = 'https://hooks.example.com/roomful';
const OLD_HOOK = 'https://legacy.example.com/events';

const ROOMS = [
  'weekly-standup',
  'design-review',
  'support-desk',
  'maths-101',
  'board-meeting',
  'interview-4711',
  'yoga-at-seven',
];
const PEOPLE = [
  'Ada Lovelace',
  'Grace Hopper',
  'Alan Turing',
  'Katherine Johnson',
  'Edsger Dijkstra',
  'Radia Perlman',
  'Zoë Müller',
  '李小龙',
];

interface Owner {
  ownerId: string;
  apiKey: string;
}

/** Small and even, so that pictures differ only where the pages do. */
function randomNumbers(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state * 1_664_525 + 1_013_904_223) % 2 ** 32;
    return state / 2 ** 32;
  };
}

export async function insertDemo(
  db: Db,
  owner: Owner,
): Promise<{ storyId: string; deadId: string; livestreamId: string }> {
  const random = randomNumbers(7);
  const rooms = await Promise.all(ROOMS.map((name, index) => insertRoom(db, owner, name, index)));
  let storyId = '';
  let deadId = '';
  for (let day = 29; day >= 0; day--) {
    const count = 2 + Math.floor(random() * 5) - (day % 7 === 2 ? 2 : 0);
    for (let nth = 0; nth < count; nth++) {
      const roomId = rooms[Math.floor(random() * rooms.length)] ?? '';
      const started = new Date(Date.now() - day * DAY_MS - (1 + random() * 7) * 60 * MINUTE_MS);
      const minutes = 12 + random() * 45;
      const told = await insertSession(db, owner, { roomId, started, minutes, random });
      deadId = told.deadId || deadId;
    }
  }
  const started = new Date(Date.now() - 75 * MINUTE_MS);
  ({ id: storyId } = await insertSession(db, owner, {
    roomId: rooms[0] ?? '',
    started,
    minutes: 42,
    random,
    people: 6,
  }));
  const livestreamId = await insertStoryEgresses(db, { sessionId: storyId, roomId: rooms[0] ?? '', ...owner }, started);
  return { storyId, deadId, livestreamId };
}

async function insertRoom(db: Db, owner: Owner, name: string, index: number): Promise<string> {
  const at = new Date(Date.now() - (31 + index) * DAY_MS);
  const roomId = newRoomId();
  await db
    .insertInto('rooms')
    .values({
      id: newObjectId(at),
      owner_id: owner.ownerId,
      api_key: owner.apiKey,
      room_id: roomId,
      custom_room_id: name,
      webhook: JSON.stringify({ endPoint: HOOK, events: ['session-*', 'participant-*', 'recording-stopped'] }),
      auto_close_config: JSON.stringify({ type: 'session-ends', duration: 90 }),
      auto_start_config:
        index % 2 === 0
          ? JSON.stringify({
              recording: { config: { layout: { type: 'GRID', priority: 'SPEAKER', gridSize: 4 }, quality: 'high' } },
            })
          : null,
      disabled_at: name === 'interview-4711' ? new Date() : null,
      created_at: at,
      updated_at: at,
    })
    .execute();
  return roomId;
}

interface SessionWish {
  roomId: string;
  started: Date;
  minutes: number;
  random: () => number;
  people?: number;
}

async function insertSession(db: Db, owner: Owner, wish: SessionWish): Promise<{ id: string; deadId: string }> {
  const { roomId, started, minutes, random } = wish;
  const id = newObjectId(started);
  const ended = new Date(Math.min(Date.now() - 5 * MINUTE_MS, started.getTime() + minutes * MINUTE_MS));
  const people = wish.people ?? 2 + Math.floor(random() * 5);
  const events: { type: string; at: Date; who?: string }[] = [{ type: 'session-started', at: started }];
  await db
    .insertInto('sessions')
    .values({
      id,
      room_id: roomId,
      owner_id: owner.ownerId,
      api_key: owner.apiKey,
      node_id: 'demo',
      started_at: started,
      ended_at: ended,
      end_reason: random() > 0.8 ? 'ended-by-api' : 'everyone-left',
      closes_at: new Date(started.getTime() + 90 * MINUTE_MS),
      event_seq: 2 * people + 2,
    })
    .execute();
  const span = ended.getTime() - started.getTime();
  const at = (part: number) => new Date(started.getTime() + span * Math.min(1, part));
  for (let index = 0; index < people; index++) {
    const name = PEOPLE[index % PEOPLE.length] ?? '';
    const from = index === 0 ? 0 : random() * 0.25;
    const to = index === people - 1 ? 1 : 0.7 + random() * 0.3;
    const row = await insertPerson(db, id, { name, index, at, from, to, random });
    // One story is enough to look at.
    if (wish.people !== undefined) {
      await new QualityStore(db).insert(demoQuality({ row, index, from: at(from), to: at(to), random }));
    }
    events.push(
      { type: 'participant-joined', at: at(from), who: name },
      { type: 'participant-left', at: at(to), who: name },
    );
  }
  events.push({ type: 'session-ended', at: ended });
  events.sort((a, b) => a.at.getTime() - b.at.getTime());
  const session = { sessionId: id, roomId, ownerId: owner.ownerId };
  if (!wish.people && random() < 0.35) await insertOldEgress(db, session, at, random());
  return { id, deadId: await insertEvents(db, owner, { id, roomId, events, random }) };
}

interface Session {
  sessionId: string;
  roomId: string;
  ownerId: string;
}

/** Most recordings end as they should. */
async function insertOldEgress(db: Db, session: Session, at: (part: number) => Date, chance: number): Promise<void> {
  const [created, ended] = [at(0.1), at(0.9)];
  const seconds = (ended.getTime() - created.getTime()) / 1000;
  const token = newObjectId(created);
  const file = { seconds, bytes: Math.round(seconds * 190_000), token };
  const outputs = [{ url: 'rtmps://live.example.com/app', streamKey: 'demo' }];
  const times = { created, started: created, ended };
  if (chance < 0.62) await insertEgress(db, session, { ...times, file });
  else if (chance < 0.76) await insertEgress(db, session, { ...times, kind: 'hls', folder: token, file });
  else if (chance < 0.9) await insertEgress(db, session, { ...times, kind: 'livestream', outputs });
  else await insertEgress(db, session, { created, ended, status: 'failed', reason: 'No space is left on the disk.' });
}

async function insertStoryEgresses(db: Db, session: Session & Owner, started: Date): Promise<string> {
  const at = (minute: number) => new Date(started.getTime() + minute * MINUTE_MS);
  await insertEgress(db, session, {
    ...{ created: at(1), started: at(1), ended: at(42), file: { seconds: 2_455, bytes: 466_000_000, token: 'story' } },
    gaps: [{ at: at(19).toISOString(), ms: 4_200 }],
  });
  await insertEgress(db, session, {
    ...{ kind: 'hls', created: at(5), started: at(8), ended: at(36), folder: 'story' },
    file: { seconds: 1_680, bytes: 331_000_000, token: 'story-stream' },
  });
  return insertEgress(db, session, {
    ...{ kind: 'livestream', status: 'failed', created: at(12), started: at(12), ended: at(24) },
    reason: 'rtmps://live.example.com/app: the server closed the connection',
    outputs: [
      { url: 'rtmps://live.example.com/app', streamKey: 'abcd-efgh-1234-5678' },
      { url: 'rtmp://video.example.net/live', streamKey: 'town-hall-2026' },
    ],
  });
}

async function insertPerson(
  db: Db,
  sessionId: string,
  person: { name: string; index: number; at: (part: number) => Date; from: number; to: number; random: () => number },
): Promise<string> {
  const { name, index, at, from, to, random } = person;
  const participant = newObjectId();
  const length = to - from;
  await db
    .insertInto('participants')
    .values({
      id: participant,
      session_id: sessionId,
      participant_id: name.toLowerCase().replace(/\s+/g, '-'),
      name,
      mode: 'SEND_AND_RECV',
      device_info: JSON.stringify({ sdkType: 'JavaScript', sdkVersion: '1.1.1', platform: 'Chrome on macOS' }),
      first_joined_at: at(from),
    })
    .execute();
  const stays =
    index === 2
      ? [
          [from, from + length * 0.4],
          [from + length * 0.5, to],
        ]
      : [[from, to]];
  for (const [begin = 0, end = 1] of stays) {
    await db
      .insertInto('participant_stays')
      .values({
        participant,
        joined_at: at(begin),
        left_at: at(end),
        leave_code: index === 2 && end < to ? 1001 : 1101,
      })
      .execute();
  }
  const modes = [{ mode: 'SEND_AND_RECV', at: at(from) }];
  if (index === 3) modes.push({ mode: 'RECV_ONLY', at: at(from + length * 0.6) });
  for (const { mode, at: when } of modes) {
    await db.insertInto('mode_changes').values({ participant, mode, at: when }).execute();
  }
  const add = async (kind: MediaSpanKind, begin: number, end: number) => {
    const values = { participant, kind, started_at: at(begin), ended_at: at(end) };
    await db.insertInto('media_spans').values(values).execute();
  };
  for (const [begin = 0, end = 1] of stays) {
    const inside = end - begin;
    await add('mic', begin + inside * 0.02, begin + inside * (0.2 + random() * 0.2));
    await add('mic', begin + inside * 0.5, begin + inside * (0.6 + random() * 0.3));
    if (index !== 3) await add('webcam', begin + inside * 0.01, begin + inside * (0.7 + random() * 0.29));
  }
  if (index === 1) {
    await add('screenShare', from + length * 0.3, from + length * 0.75);
    await add('screenShareAudio', from + length * 0.35, from + length * 0.5);
  }
  return participant;
}

async function insertEvents(
  db: Db,
  owner: Owner,
  story: { id: string; roomId: string; events: { type: string; at: Date; who?: string }[]; random: () => number },
): Promise<string> {
  const { id: sessionId, roomId, events, random } = story;
  let deadId = '';
  for (const [index, { type, at, who }] of events.entries()) {
    const eventId = newObjectId(at);
    const data = {
      meetingId: roomId,
      sessionId,
      ...(who && { participantId: who.toLowerCase(), participantName: who }),
    };
    await db
      .insertInto('events')
      .values({
        id: eventId,
        session_id: sessionId,
        seq: index + 1,
        owner_id: owner.ownerId,
        room_id: roomId,
        type: type as 'session-started',
        data: JSON.stringify(data),
        at,
      })
      .execute();
    const isDead = random() > 0.988;
    const id = newObjectId(at);
    if (isDead) deadId = id;
    await db
      .insertInto('webhook_deliveries')
      .values({
        id,
        event_id: eventId,
        owner_id: owner.ownerId,
        session_id: sessionId,
        seq: index + 1,
        type,
        url: isDead ? OLD_HOOK : HOOK,
        source: 'room',
        lane: isDead ? 'slow' : 'fast',
        status: isDead ? 'dead' : 'delivered',
        waiting: false,
        attempts: isDead ? 3 : 1,
        next_attempt_at: at,
        last_status: isDead ? 503 : 200,
        last_error: isDead ? 'answered 503' : null,
        delivered_at: isDead ? null : new Date(at.getTime() + 8 + random() * 40),
        created_at: at,
      })
      .execute();
    for (let attempt = 0; attempt < (isDead ? 3 : 1); attempt++) {
      await db
        .insertInto('webhook_attempts')
        .values({
          delivery_id: id,
          at: new Date(at.getTime() + attempt * 30 * MINUTE_MS),
          duration_ms: Math.round(8 + random() * 40),
          status: isDead ? 503 : 200,
          error: isDead ? 'answered 503' : null,
          response_body: isDead ? '{"error":"upstream is being deployed"}' : 'ok',
        })
        .execute();
    }
  }
  return deadId;
}
