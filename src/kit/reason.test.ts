import { expect, it } from 'vitest';
import { withoutPaths } from './reason.ts';

it.each([
  ["ENOSPC: no space left on device, copyfile '/var/my data/a' -> '/var/b'", 'ENOSPC: no space left on device'],
  ["no folder: EACCES: permission denied, mkdir '/srv/x'", 'no folder: EACCES: permission denied'],
  ['ENOSPC: no space left on device, write', 'ENOSPC: no space left on device, write'],
  ['spawn /usr/bin/chromium ENOENT', 'spawn (path) ENOENT'],
  [
    "Cannot find module '/srv/my app/b.ts' imported from file:///srv/c.ts",
    "Cannot find module '(path)' imported from (path)",
  ],
  ['at /srv/roomful/src/a.ts:12:3', 'at (path):12:3'],
  ['C:\\data\\a.mp4 is in use', '(path) is in use'],
])('%j is shown as %j', (text, shown) => {
  expect(withoutPaths(text)).toBe(shown);
});

it.each([
  'the server refused rtmp://example.com:1935/live/key',
  'https://[::1]:8080/a/b answered 404',
  'it is text/html and/or 1/2',
  'GET /v2/recordings says more',
])('%j stays', (text) => {
  expect(withoutPaths(text)).toBe(text);
});
