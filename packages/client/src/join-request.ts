import type { RtpCapabilities } from '../../../src/protocol/media-parameters.ts';
import type { RequestData } from '../../../src/protocol/signaling.ts';

/** What a participant says of itself when it joins, after entry was allowed. */
export function joinRequest(displayName: string, rtpCapabilities: RtpCapabilities, receives: boolean) {
  return {
    displayName,
    rtpCapabilities,
    deviceInfo: deviceInfo(),
    autoConsume: receives,
    batchingEnabled: true,
    metaData: {},
    mode: 'SEND_AND_RECV',
  } satisfies RequestData<'join'>;
}

/** What the session's statistics say of this client. */
function deviceInfo() {
  return {
    sdkType: 'roomful-web',
    sdkVersion: '1',
    platform: 'desktop',
    browserUserAgent: { browser: { name: navigator.userAgent.slice(0, 200), version: '' }, os: { name: '' } },
  };
}
