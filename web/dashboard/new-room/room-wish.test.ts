import { expect, test } from 'vitest';
import { findProblems } from '../../../src/kit/validate.ts';
import { CreateRoomBody } from '../../../src/protocol/rest/rooms.ts';
import { curlCode, fetchCode, sdkCode } from './room-code.ts';
import { checks, EMPTY_FORM, formField, type RoomForm, toBody } from './room-wish.ts';

const FULL: RoomForm = {
  customRoomId: `it's "quoted" <b>`,
  webhook: { endPoint: 'https://example.com/hook', events: ['session-*', 'recording-stopped'] },
  autoClose: { on: true, type: 'session-end-and-deactivate', minutes: 60 },
  recording: { ...EMPTY_FORM.recording, on: true, templateUrl: 'https://example.com/t', dirPath: 'a/b' },
  hls: { ...EMPTY_FORM.hls, on: true, recordToo: true },
  multiComposition: { recording: true, hls: false, rtmp: true },
  geoFence: 'eu001',
  allowedParticipantIds: ['ann', 'bob'],
};

test('an untouched form asks for nothing', () => {
  expect(toBody(EMPTY_FORM)).toEqual({});
});

test('a full form is a body that the API takes, as the reference writes it', () => {
  const body = toBody(FULL);
  expect(findProblems(CreateRoomBody, body, 'body')).toEqual([]);
  const looks = { theme: 'DEFAULT', mode: 'video-and-audio', quality: 'med', orientation: 'landscape' };
  const layout = { type: 'GRID', priority: 'SPEAKER', gridSize: 4 };
  expect(body).toEqual({
    customRoomId: FULL.customRoomId,
    webhook: FULL.webhook,
    autoCloseConfig: { type: 'session-end-and-deactivate', duration: 60 },
    autoStartConfig: {
      recording: { templateUrl: 'https://example.com/t', config: { layout, ...looks }, awsDirPath: 'a/b' },
      hls: { config: { layout, ...looks, recording: { enabled: true } } },
    },
    multiComposition: { recording: true, rtmp: true },
    geoFence: 'eu001',
    allowedParticipantIds: ['ann', 'bob'],
  });
});

test('sound alone has no picture to lay out', () => {
  const body = toBody({ ...EMPTY_FORM, recording: { ...FULL.recording, mode: 'audio' } });
  expect(body).toEqual({
    autoStartConfig: { recording: { config: { mode: 'audio', quality: 'med' }, awsDirPath: 'a/b' } },
  });
});

test('a refusal of the server is shown at the field that caused it', () => {
  expect(formField('body.webhook.events.3')).toBe('webhook.events');
  expect(formField('webhook.endPoint')).toBe('webhook.endPoint');
  expect(formField('body.autoCloseConfig.duration')).toBe('autoClose.minutes');
  expect(formField('autoStartConfig.hls.templateUrl')).toBe('hls.templateUrl');
  expect(formField('body.autoStartConfig.recording.config.layout.gridSize')).toBe('recording.gridSize');
  expect(formField('body.allowedParticipantIds.0')).toBe('allowedParticipantIds');
});

test('mistakes are found before anything is sent', () => {
  expect([checks.endPoint(''), checks.endPoint('https://a.b/c')]).toEqual([null, null]);
  for (const wrong of [
    'ftp://a.b',
    'nonsense',
    'https://me:pw@a.b',
    'javascript:alert(1)',
    `https://a.b/${'x'.repeat(600)}`,
  ]) {
    expect(checks.endPoint(wrong)).not.toBeNull();
  }
  expect(checks.events(['session-*', 'participant-joined'])).toBeNull();
  expect(checks.events(['nothing'])).toContain('nothing');
  expect(checks.minutes(0, FULL)).not.toBeNull();
  expect(checks.minutes('', EMPTY_FORM)).toBeNull();
  expect([checks.gridSize(4), checks.gridSize(26), checks.gridSize(1.5), checks.gridSize('')].map(Boolean)).toEqual([
    false,
    true,
    true,
    true,
  ]);
  expect(checks.allowedParticipantIds(['a b'])).not.toBeNull();
  expect(checks.customRoomId('a\u0000')).not.toBeNull();
  expect(checks.customRoomId('#1')).not.toBeNull();
});

test('the code shown needs nothing for an empty form, and plain names where JavaScript allows them', () => {
  expect(sdkCode({}, 'https://a.b')).toContain('client.rooms.create()');
  expect(sdkCode({ customRoomId: 'a' }, 'https://a.b')).toContain('{\n  customRoomId: "a"\n}');
  expect(fetchCode({}, 'https://a.b')).toContain('JSON.stringify({})');
  expect(curlCode({}, 'https://a.b')).toContain("-d '{}'");
});
