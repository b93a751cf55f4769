// Every call under `/v2`, and whose tokens may make it. A route that is not named here does not start.

/**
 * `documented`: a call of VideoSDK's reference, or one that belongs to those. `own`: this server's own, which takes a
 * token with the role `crawler` alone. `open`: takes no token.
 */
export type CallClass = 'documented' | 'own' | 'open';

export interface RestCall {
  class: CallClass;
  /** `look`: participants may make it too, of their room. `moderate`: those who moderate may, as in the meeting. */
  also?: 'look' | 'moderate';
  /** It makes a room, so no token that is for one room makes it. */
  creates?: true;
  /** An own call that concerns one room, so that a token for that room makes it. */
  inRoom?: true;
  /** It belongs to a meeting: judged by what the token may there, `join` it or just be good. */
  inMeeting?: 'join' | 'any';
}

export const DOCUMENTED: RestCall = { class: 'documented' };
const OWN: RestCall = { class: 'own' };
const OPEN: RestCall = { class: 'open' };
const LOOK: RestCall = { class: 'documented', also: 'look' };
const MODERATE: RestCall = { class: 'documented', also: 'moderate' };

/** Method and path as registered, without a slash at the end. */
export const REST_CALLS: Record<string, RestCall> = {
  'POST /v2/rooms': { class: 'documented', creates: true },
  'GET /v2/rooms': DOCUMENTED,
  'GET /v2/rooms/:roomId': LOOK,
  'GET /v2/rooms/validate/:roomId': LOOK,
  'POST /v2/rooms/validate/:roomId': LOOK,
  'POST /v2/rooms/deactivate': DOCUMENTED,
  'POST /v2/rooms/:roomId/invite': DOCUMENTED,
  'GET /v2/sessions': DOCUMENTED,
  'GET /v2/sessions/:sessionId': DOCUMENTED,
  'GET /v2/sessions/:sessionId/participants': DOCUMENTED,
  'GET /v2/sessions/:sessionId/participants/active': DOCUMENTED,
  'GET /v2/sessions/:sessionId/participants/:participantId': DOCUMENTED,
  'GET /v2/sessions/:sessionId/stats': DOCUMENTED,
  'GET /v2/sessions/:sessionId/participant/:participantId/stats': DOCUMENTED,
  'POST /v2/sessions/end': MODERATE,
  'POST /v2/sessions/participants/remove': MODERATE,
  'POST /v2/recordings/start': MODERATE,
  'POST /v2/recordings/end': MODERATE,
  'POST /v2/recordings/stop': MODERATE,
  'GET /v2/recordings': DOCUMENTED,
  'GET /v2/recordings/:recordingId': DOCUMENTED,
  'DELETE /v2/recordings/:recordingId': DOCUMENTED,
  'POST /v2/hls/start': MODERATE,
  'POST /v2/hls/end': MODERATE,
  'POST /v2/hls/stop': MODERATE,
  'GET /v2/hls': DOCUMENTED,
  'GET /v2/hls/:hlsId': DOCUMENTED,
  'GET /v2/hls/:roomId/active': DOCUMENTED,
  'DELETE /v2/hls/:hlsId': DOCUMENTED,
  'POST /v2/livestreams/start': MODERATE,
  'POST /v2/livestreams/end': MODERATE,
  'POST /v2/livestreams/stop': MODERATE,
  'GET /v2/livestreams': DOCUMENTED,
  'GET /v2/livestreams/:livestreamId': DOCUMENTED,
  'POST /base64-upload': { class: 'documented', inMeeting: 'join' },
  'GET /files/:id': { class: 'documented', inMeeting: 'any' },
  'GET /v2/webhooks/deliveries': OWN,
  'GET /v2/webhooks/deliveries/:id': OWN,
  'POST /v2/webhooks/deliveries/:id/replay': OWN,
  'POST /v2/webhooks/deliveries/replay': OWN,
  'GET /v2/webhooks/endpoints': OWN,
  'POST /v2/webhooks/endpoints/enable': OWN,
  'POST /v2/webhooks/test': OWN,
  'GET /v2/webhooks/settings': OWN,
  'PUT /v2/webhooks/settings': OWN,
  'GET /v2/public/rsa-public-key': OPEN,
};

/** The entry of a route, or an error for the one who adds a route and forgets whose it is. */
export function restCall(method: string, path: string): RestCall {
  // A HEAD is answered by what answers the GET.
  const name = `${method === 'HEAD' ? 'GET' : method} ${path.replace(/(?<=.)\/$/, '')}`;
  const call = Object.hasOwn(REST_CALLS, name) ? REST_CALLS[name] : undefined;
  if (!call) throw new Error(`${name} is not in the table of src/access/rest-calls.ts: who may call it?`);
  return call;
}
