// What becomes of a compositor process that does not do its work, or cannot even be started.
import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';
import { createLogger } from '../log.ts';
import { planOf } from './plan.ts';
import { type ChildOptions, EgressChild } from './supervisor.ts';

const ODD = fileURLToPath(new URL('../../test/harness/compositors/odd.ts', import.meta.url));
const { config } = planOf('recording', {}, (url) => new URL(url));

function launch(egressId: string, options: Partial<ChildOptions> = {}) {
  const start = { type: 'start' as const, egressId, config, sinks: [] };
  const child = EgressChild.launch({ program: ODD, log: createLogger('silent'), ...options }, start);
  return { child, gone: once(child, 'gone').then(([facts]) => facts as { expected: boolean; reason: string }) };
}

it('one that is never ready is ended', async () => {
  const { child, gone } = launch('silent', { readyTimeoutMs: 500 });
  await expect(child.ready).rejects.toThrow('it was not ready after 0.5 s');
  expect(await gone).toMatchObject({ expected: false });
});

it('one that stops to report is ended', async () => {
  const { child, gone } = launch('reports-once', { silenceTimeoutMs: 200 });
  await child.ready;
  expect((await gone).reason).toContain('it hung for 0.2 s');
});

it('one that says something it must not is ended', async () => {
  const { gone } = launch('garbage');
  expect((await gone).reason).toContain('it sent an invalid message');
});

it('one whose message cannot be handled is ended, and nothing else', async () => {
  const { child, gone } = launch('ready');
  child.on('message', () => {
    throw new Error('a mistake of ours');
  });
  expect((await gone).reason).toContain('its message could not be handled');
});

it('one that takes no messages is ended before they fill the memory', async () => {
  const { child, gone } = launch('reads-nothing');
  await child.ready;
  const participants = Array.from({ length: 200 }, (_, index) => ({
    ...{ id: String(index), name: 'x'.repeat(500), micOn: true, camOn: true, shareOn: true, pinned: true, joinedAt: 1 },
  }));
  let isGone = false;
  const ended = gone.finally(() => {
    isGone = true;
  });
  while (!isGone) {
    child.send({ type: 'participants', participants });
    await new Promise((resolve) => setImmediate(resolve));
  }
  expect((await ended).reason).toContain('it took no more messages');
});

it('one that is killed while it is written to is told as gone, and harms nothing', async () => {
  const { child, gone } = launch('ready');
  await child.ready;
  process.kill(child.pid ?? 0, 'SIGKILL');
  for (let i = 0; i < 1_000; i++) child.send({ type: 'active-speaker', participantId: 'x'.repeat(200) });
  expect((await gone).reason).toContain('it was ended by SIGKILL');
  child.send({ type: 'stop' });
  child.finish();
  child.kill();
});

it('one that the system has no descriptors for fails with the reason', async () => {
  // In a process of its own, which then has none left.
  const program = `
    import { openSync } from 'node:fs';
    import { createLogger } from './src/log.ts';
    import { EgressChild } from './src/egress/supervisor.ts';
    const log = createLogger('silent');
    try { for (;;) openSync('/dev/null'); } catch {}
    const child = EgressChild.launch({ program: ${JSON.stringify(ODD)}, log }, { type: 'start', egressId: 'x', config: {}, sinks: [] });
    child.ready.then(() => process.send?.('ready'), (error) => { process._rawDebug(error.message); process.exit(7); });`;
  const limited = ['-c', `ulimit -n 60; exec "${process.execPath}" --input-type=module-typescript -e "$0"`, program];
  const failure = await promisify(execFile)('/bin/sh', limited).catch(
    (error: { code: number; stderr: string }) => error,
  );
  expect(failure).toMatchObject({ code: 7, stderr: expect.stringMatching(/EMFILE/) });
});
