import { expect, test } from 'vitest';
import { findProblems } from '../../../src/kit/validate.ts';
import { StartHlsBody } from '../../../src/protocol/rest/hls.ts';
import { StartLivestreamBody } from '../../../src/protocol/rest/livestreams.ts';
import { StartRecordingBody } from '../../../src/protocol/rest/recordings.ts';
import { checks, emptyStart, formField, type StartForm, startBody } from './egress-wish.ts';

const SCHEMAS = { recording: StartRecordingBody, hls: StartHlsBody, livestream: StartLivestreamBody };
const full = (kind: StartForm['kind']): StartForm => ({
  ...emptyStart(kind, 'abcd-efgh-ijkl'),
  look: {
    ...emptyStart(kind, '').look,
    dirPath: 'a/b',
    templateUrl: 'https://example.com/page',
    recordToo: true,
    quality: 'high',
  },
  webhookUrl: 'https://example.com/hook',
  outputs: [
    { url: 'rtmps://live.example.com/app', streamKey: 'secret' },
    { url: 'rtmp://other.example.com/app/inline', streamKey: '' },
  ],
});

test.each(['recording', 'hls', 'livestream'] as const)('a %s is asked for as the API takes it', (kind) => {
  expect(findProblems(SCHEMAS[kind], startBody(full(kind)))).toEqual([]);
});

test('each kind has what is its own, and nothing of the others', () => {
  expect(startBody(full('recording'))).toMatchObject({ fileFormat: 'mp4', awsDirPath: 'a/b' });
  expect(startBody(full('recording'))).not.toHaveProperty('outputs');
  expect(startBody(full('hls'))).toMatchObject({ config: { recording: { enabled: true }, quality: 'high' } });
  expect(startBody(full('hls'))).toMatchObject({ templateUrl: 'https://example.com/page' });
  expect(startBody(full('livestream'))).toMatchObject({ outputs: full('livestream').outputs });
  const sound = { ...full('livestream'), look: { ...full('livestream').look, mode: 'audio' } };
  expect(startBody(sound)).toMatchObject({ config: { mode: 'video-and-audio' } });
});

test('mistakes are found before anything is sent', () => {
  const form = full('livestream');
  for (const wrong of ['', 'live.example.com', 'https://live.example.com', 'rtmp:', 'javascript:alert(1)']) {
    expect(checks.url(wrong, form)).toContain('rtmp');
  }
  for (const { url } of form.outputs) expect(checks.url(url, form)).toBeNull();
  expect(checks.url('', full('hls'))).toBeNull();
  expect(checks.roomId('')).not.toBeNull();
  expect(checks.webhookUrl('nonsense')).not.toBeNull();
  expect(checks.templateUrl('ftp://example.com')).toContain('http');
});

test('a refusal of the server is shown at the field that caused it', () => {
  expect(formField('body.config.layout.gridSize')).toBe('look.gridSize');
  expect(formField('config.layout.type')).toBe('look.layout');
  expect(formField('config.quality')).toBe('look.quality');
  expect(formField('awsDirPath')).toBe('look.dirPath');
  expect(formField('templateUrl')).toBe('look.templateUrl');
  expect(formField('body.webhookUrl')).toBe('webhookUrl');
});
