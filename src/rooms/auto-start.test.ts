import { describe, expect, it } from 'vitest';
import { autoStartRequests } from './auto-start.ts';

describe('auto-start', () => {
  it('asks for nothing where nothing is configured', () => {
    expect(autoStartRequests(null)).toEqual([]);
    expect(autoStartRequests({})).toEqual([]);
  });

  it('takes options beside config, and inside config they win', () => {
    const recording = {
      theme: 'DARK',
      quality: 'low',
      config: { quality: 'high', layout: { type: 'GRID' } },
      awsDirPath: 'a/b',
    };
    expect(autoStartRequests({ recording, hls: { templateUrl: 'https://example.com/t' } })).toEqual([
      {
        kind: 'recording',
        request: { awsDirPath: 'a/b', config: { theme: 'DARK', quality: 'high', layout: { type: 'GRID' } } },
      },
      { kind: 'hls', request: { templateUrl: 'https://example.com/t', config: {} } },
    ]);
  });
});
