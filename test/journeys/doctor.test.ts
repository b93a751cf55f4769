// The operator has the installation examined: from the command line beside the running server, and on the system page.
import { expect, test } from 'vitest';
import { launchBrowser } from '../harness/browser.ts';
import { roomful } from '../harness/command.ts';
import { DashboardTab } from '../harness/dashboard-tab.ts';
import { freePort } from '../harness/free-port.ts';
import { TestServer } from '../harness/server.ts';

interface Told {
  ok: boolean;
  findings: { name: string; level: string; found: string }[];
}

test('the running server is examined from the command line and from its page; a stopped one without it', async () => {
  await using building = new AsyncDisposableStack();
  const ports = { ROOMFUL_HTTP_PORT: String(await freePort()), ROOMFUL_HTTPS_PORT: String(await freePort()) };
  // The embedded database: the command has to find it while it runs, and start it when it does not.
  const server = building.use(await TestServer.start({ env: { ROOMFUL_MEDIA_WORKERS: '1', ...ports } }));
  const env = { ROOMFUL_DATA_DIR: server.dataDir, ROOMFUL_RTC_PORT: '0', ROOMFUL_MEDIA_WORKERS: '1', ...ports };
  const levels = async (settings = env) => {
    const { code, out } = await roomful(['doctor', '--json'], settings);
    const { findings } = JSON.parse(out) as Told;
    const of = Object.fromEntries(findings.map(({ name, level }) => [name, level]));
    return { code, of, server: findings.find(({ name }) => name === 'server')?.found };
  };

  const beside = await levels();
  expect(beside.server).toContain(`A server runs (process ${server.pid})`);
  expect(beside.code).toBe(0);
  for (const name of [
    'database',
    'migrations',
    'listeners',
    'certificate',
    'public-url',
    'media-ports',
    'compositor',
  ]) {
    expect([name, beside.of[name]]).toEqual([name, 'ok']);
  }

  const browser = building.adopt(await launchBrowser(), (it) => it.close());
  await using tab = await DashboardTab.open(browser, server);
  await tab.signIn();
  await tab.heading('Overview').waitFor();
  await tab.go('/system');
  await tab.button('Examine').click();
  await tab.page.getByText(/\d+ of \d+ examined/).waitFor();
  // A disk that is nearly full is a warning.
  await tab.page.getByText(/^(Nothing is wrong|\d+ warnings?)\.$/).waitFor({ timeout: 40_000 });
  await tab.page.getByText(/answer by UDP and TCP\.$/).waitFor();
  await tab.page.getByText(/It starts with FFmpeg's libraries/).waitFor();
  expect(await tab.page.getByRole('img', { name: 'Failure' }).count()).toBe(0);
  expect(await tab.accessibility()).toEqual([]);
  expect(tab.complaints).toEqual([]);

  // Somebody looks with other settings than the server has.
  const apart = await levels({ ...env, ROOMFUL_HTTP_PORT: String(await freePort()), ROOMFUL_HTTPS_PORT: 'off' });
  expect([apart.code, apart.of.server, apart.of['media-ports']]).toEqual([1, 'failure', 'skipped']);
  expect(apart.server).toContain('could not be asked');

  await server.kill('SIGTERM');
  const alone = await levels();
  expect([alone.code, alone.of.server, alone.of.database, alone.of['webhook-key']]).toEqual([0, 'skipped', 'ok', 'ok']);
}, 120_000);
