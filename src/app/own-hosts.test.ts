import { hostname } from 'node:os';
import { expect, it } from 'vitest';
import { readConfig } from '../config.ts';
import { ownHosts } from './own-hosts.ts';

it('knows the names of settings, machine, listeners and nodes, and asks for nodes once in a while only', async () => {
  const { config } = readConfig({ ROOMFUL_HOST: 'rooms.internal' });
  const urls = { public: 'https://rooms.example.com', http: 'http://rooms.internal:8080', https: undefined };
  let asked = 0;
  const reach = async () => {
    asked += 1;
    return { publicUrls: ['https://node-2.example.com:8443', 'nonsense'], certificates: [] };
  };
  const isOwn = ownHosts({ config, urls, nodes: { reach } });
  for (const name of ['rooms.internal', 'rooms.example.com', hostname().toLowerCase()]) {
    expect([name, await isOwn(name), asked]).toEqual([name, true, 0]);
  }
  expect(await Promise.all(['node-2.example.com', 'evil.example', ''].map(isOwn))).toEqual([true, false, false]);
  expect(asked).toBe(1);
});

it('does without the nodes while the database is away', async () => {
  const { config } = readConfig({});
  const urls = { public: 'https://rooms.example.com', http: undefined, https: undefined };
  const isOwn = ownHosts({ config, urls, nodes: { reach: () => Promise.reject(new Error('the database is away')) } });
  expect([await isOwn('rooms.example.com'), await isOwn('node-2.example.com')]).toEqual([true, false]);
});
