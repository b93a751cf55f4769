import { describe, expect, it } from 'vitest';
import { createOutbound } from '../kit/outbound/outbound.ts';
import { planOf, wantsFile } from './plan.ts';

const outbound = createOutbound({ allow: [] });
const plan = (kind: Parameters<typeof planOf>[0], wish: unknown) =>
  planOf(kind, wish, (url, options) => outbound.checkUrl(url, options));

describe('a plan', () => {
  it('has the documented defaults', () => {
    expect(plan('recording', {})).toEqual({
      kind: 'recording',
      config: {
        layout: { type: 'GRID', priority: 'SPEAKER', gridSize: 25 },
        theme: 'DEFAULT',
        mode: 'video-and-audio',
        quality: 'med',
        orientation: 'landscape',
        templateUrl: null,
      },
      webhookUrl: null,
      outputs: [],
      fileFormat: 'mp4',
      dirPath: '',
      preSignedUrl: null,
      onFailure: null,
    });
  });

  it('reads looks inside config before those beside it', () => {
    const { config } = plan('recording', { config: { theme: 'DARK' }, theme: 'LIGHT', quality: 'high', mode: 'audio' });
    expect(config).toMatchObject({ theme: 'DARK', quality: 'high', mode: 'audio' });
  });

  it('takes the highest quality there is for ultra, and all tiles for a grid of 0', () => {
    expect(plan('hls', { config: { quality: 'ultra', layout: { gridSize: 0 } } }).config).toMatchObject({
      quality: 'high',
      layout: { gridSize: 25 },
    });
  });

  it.each([['awsDirPath'], ['bucketDirPath'], ['dirPath']])('knows the folder as %s', (name) => {
    expect(plan('recording', { [name]: '/a//b/' }).dirPath).toBe('a/b');
  });

  it.each([['preSignedUrl'], ['preSignedURL'], ['presignedUrl']])('knows the signed address as %s', (name) => {
    expect(plan('recording', { [name]: 'https://bucket.example.com/k' }).preSignedUrl).toBe(
      'https://bucket.example.com/k',
    );
  });

  it('waits no longer than documented before it closes a room', () => {
    expect(plan('recording', { onFailure: { action: 'close-room' } }).onFailure?.waitTime).toBe(150);
    expect(plan('recording', { onFailure: { action: 'close-room', waitTime: 1e9 } }).onFailure?.waitTime).toBe(150);
  });

  it.each([
    ['rtmp://[::1]/app'],
    ['rtmp://localhost/app'],
    ['rtmps://192.168.1.1/app'],
    ['http://live.example.com/app'],
    ['rtmp://'],
  ])('is refused when it goes to %s', (url) => {
    expect(() => plan('livestream', { outputs: [{ url, streamKey: 'k' }] })).toThrow(/outputs\.0\.url/);
  });

  it.each([['a\\b'], ['a\0b'], ['../a'], ['x'.repeat(600)]])('is refused with the folder %j', (awsDirPath) => {
    expect(() => plan('recording', { awsDirPath })).toThrow(/awsDirPath/);
  });
});

describe('a file beside a stream', () => {
  it.each([
    [{ config: { recording: { enabled: true } } }, true],
    [{ config: { recording: { enabled: 'true' } } }, true],
    [{ recording: { enabled: true } }, true],
    [{ config: { recording: { enabled: 'false' } } }, false],
    [{ config: null }, false],
    [undefined, false],
  ])('is wanted by %j: %s', (wish, wanted) => {
    expect(wantsFile(wish)).toBe(wanted);
  });
});
