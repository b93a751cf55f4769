// How well media gets through: measured while people talk, served as the official server SDK asks for it.
import { afterAll, beforeAll, expect, test } from 'vitest';
import { LossyNetwork } from '../harness/lossy-network.ts';
import { Stage } from '../harness/stage.ts';

let network: LossyNetwork;
let stage: Stage;
beforeAll(async () => {
  network = await LossyNetwork.start();
  stage = await Stage.set({ env: network.env });
});
afterAll(async () => {
  await stage?.[Symbol.asyncDispose]();
  await network?.[Symbol.asyncDispose]();
});

/** The first figures come with the second sample. */
const TWO_SAMPLES_MS = 25_000;

interface Stats {
  stats: Row[];
  resolutionUsage: Record<string, number | string>[];
  deviceInfo: { deviceName: string };
}

interface Row {
  time: string;
  sendAudioPacketLost: number;
  recvAudioPacketLost: number;
  sendVideoPacketLost: number;
  averageAudioRtt: number;
  averageVideoRtt: number;
  averageSendAudioBitrate: number;
  averageSendVideoBitrate: number;
  averageRecvAudioBitrate: number;
  averageRecvVideoBitrate: number;
  qualityScore: { audio: number; video: number };
}

test('two people meet, and the backend sees how well it went for each, and whose network was bad', async () => {
  const room = await stage.room();
  const ann = await stage.enter(room, 'ann', { speaks: true });
  await ann.event('stream-enabled', { of: 'ann' });
  network.nextAreLate();
  const bob = await stage.enter(room, 'bob', { speaks: true });
  await Promise.all([ann.sees('bob'), bob.sees('ann'), ann.hears('bob'), bob.hears('ann')]);
  const { data } = await stage.backend.sessions.list({ roomId: room });
  const session = data[0]?.id ?? '';
  // From here on nothing on this page is loaded again: what changes came by itself.
  await using dashboard = await stage.openDashboard();
  await dashboard.go(`/sessions/${session}`);
  const strip = (of: RegExp) => dashboard.page.getByRole('img', { name: of }).waitFor({ timeout: TWO_SAMPLES_MS });
  await dashboard.heading('Quality').waitFor();
  const stats = async (id: string) =>
    (await stage.backend.sessions.getParticipantStats(session, id)) as unknown as Stats;

  await expect.poll(async () => (await stats('bob')).stats.length, { timeout: TWO_SAMPLES_MS }).toBeGreaterThan(0);
  for (const id of ['ann', 'bob']) {
    const { stats: rows, resolutionUsage, deviceInfo } = await stats(id);
    expect(rows.at(-1)?.qualityScore.audio).toBeGreaterThan(4);
    expect(rows.at(-1)?.qualityScore.video).toBeGreaterThan(4);
    expect(rows.at(-1)?.averageSendAudioBitrate).toBeGreaterThan(5_000);
    expect(rows.at(-1)?.averageRecvAudioBitrate).toBeGreaterThan(5_000);
    expect(rows.at(-1)?.averageSendVideoBitrate).toBeGreaterThan(20_000);
    expect(rows.at(-1)?.averageRecvVideoBitrate).toBeGreaterThan(20_000);
    expect(rows.at(-1)?.averageAudioRtt).toBeGreaterThanOrEqual(0);
    expect(rows.at(-1)?.averageVideoRtt).toBeLessThan(1_000);
    expect(resolutionUsage.at(-1)).toMatchObject({ '180': 1, '360': 0 });
    expect(deviceInfo.deviceName).toBe('Chrome');
  }

  await strip(/^Quality of Name of bob: (good|fair)/);
  await dashboard.page.getByText('Nobody’s quality was poor at any time.').waitFor();

  network.lose({ up: 0.25, down: 0 });
  const isBad = ({ sendAudioPacketLost }: Row) => sendAudioPacketLost > 20;
  await expect.poll(async () => (await stats('bob')).stats.filter(isBad).length, { timeout: TWO_SAMPLES_MS }).toBe(1);
  const bad = (await stats('bob')).stats.find(isBad);
  expect(bad?.qualityScore.audio).toBeLessThan(3.5);
  // Who hears the gaps is not the one to blame.
  const meanwhile = (await stats('ann')).stats.find(({ time }) => time === bad?.time);
  expect(meanwhile?.recvAudioPacketLost).toBeLessThan((bad?.sendAudioPacketLost ?? 0) / 3);
  expect(meanwhile?.qualityScore.audio).toBeGreaterThan(4);

  const { meetingId, stats: together } = (await stage.backend.sessions.getStats(session)) as unknown as {
    meetingId: string;
    stats: Row[];
  };
  expect(meetingId).toBe(room);
  expect(together.find(({ time }) => time === bad?.time)?.sendAudioPacketLost).toBe(bad?.sendAudioPacketLost);

  await strip(/^Quality of Name of bob: poor for/);
  await strip(/^Quality of Name of ann: (good|fair)/);
  await dashboard
    .rows('Worst moments')
    .filter({ hasText: 'Name of bob' })
    .getByText('of what was sent got lost')
    .waitFor();
  await dashboard.page.getByRole('button', { name: /^Name of bob poor for/ }).click();
  await dashboard.page.getByRole('img', { name: 'Packets lost of Name of bob' }).waitFor();
  expect(await dashboard.accessibility()).toEqual([]);
  expect(dashboard.complaints).toEqual([]);
});
