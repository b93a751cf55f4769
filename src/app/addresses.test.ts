// What is bound and announced, by what the operator has set. The machine's own addresses are taken as they are.
import { expect, it } from 'vitest';
import { readConfig } from '../config.ts';
import { mediaAddresses, nodeAddress } from './addresses.ts';

const addressesOf = (host: string, rtc = '') =>
  mediaAddresses(readConfig({ ROOMFUL_HOST: host, ROOMFUL_RTC_ADDRESS: rtc }).config);

it.each([
  // host, ROOMFUL_RTC_ADDRESS, bound, announced
  ['127.0.0.1', '', '127.0.0.1', undefined],
  ['localhost', '', '127.0.0.1', undefined],
  ['::1', '', '::1', undefined],
  ['0.0.0.0', '203.0.113.7', '0.0.0.0', '203.0.113.7'],
  ['127.0.0.1', '203.0.113.7', '0.0.0.0', '203.0.113.7'],
  ['::', '203.0.113.7', '0.0.0.0', '203.0.113.7'],
  ['::', '2001:db8::7', '::', '2001:db8::7'],
  ['0.0.0.0', '2001:db8::7', '::', '2001:db8::7'],
  ['127.0.0.1', '2001:db8::7', '::', '2001:db8::7'],
  ['::', '::1', '::', '::1'],
  ['::', '127.0.0.1', '0.0.0.0', '127.0.0.1'],
  ['0.0.0.0', '127.0.0.1', '0.0.0.0', '127.0.0.1'],
  ['192.0.2.1', '127.0.0.1', '127.0.0.1', '127.0.0.1'],
  ['127.0.0.1', '127.0.0.2', '127.0.0.1', '127.0.0.2'],
  ['localhost', '127.0.0.2', '127.0.0.1', '127.0.0.2'],
  ['::1', '127.0.0.2', '127.0.0.2', '127.0.0.2'],
])('with host %s and media address %j, %s is bound', async (host, rtc, listenAddress, announcedAddress) => {
  expect(await addressesOf(host, rtc)).toEqual([{ listenAddress, ...(announcedAddress && { announcedAddress }) }]);
});

it('a name is announced by its addresses', async () => {
  const addresses = await addressesOf('0.0.0.0', 'localhost');
  expect(addresses.map(({ announcedAddress }) => announcedAddress)).toContain('127.0.0.1');
  expect(nodeAddress(addresses)).toBe('127.0.0.1');
});

it('a name that does not exist stops the start', async () => {
  await expect(addressesOf('0.0.0.0', 'media.invalid')).rejects.toThrow(/ROOMFUL_RTC_ADDRESS is "media.invalid"/);
  await expect(addressesOf('host.invalid')).rejects.toThrow(/ROOMFUL_HOST is "host.invalid"/);
});
