// What real callers send as bodies, as bytes: what is answered, and what is stored. A new case is a new line.
import { brotliCompressSync, deflateSync, gzipSync, zstdCompressSync } from 'node:zlib';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { head, type RawAnswer, RawHttp } from '../harness/http-wire.ts';
import { mintToken, startTestApi, type TestApi } from '../harness/test-api.ts';

let api: TestApi;
let address: string;
let token: string;

beforeAll(async () => {
  api = await startTestApi();
  address = await api.listen();
  token = await mintToken(api.key);
});
afterAll(() => api[Symbol.asyncDispose]());

interface Sent {
  type?: string;
  coding?: string;
  path?: string;
}

async function post(body: string | Buffer, { type, coding, path = '/v2/rooms' }: Sent = {}): Promise<RawAnswer> {
  const bytes = Buffer.from(body);
  await using wire = await RawHttp.open(address);
  const headers = {
    authorization: token,
    'content-length': bytes.length,
    ...(type !== undefined && { 'content-type': type }),
    ...(coding !== undefined && { 'content-encoding': coding }),
  };
  wire.send(Buffer.concat([Buffer.from(head('POST', path, headers)), bytes]));
  return await wire.answer();
}

const JSON_TYPE = 'application/json';
const FORM = 'application/x-www-form-urlencoded';
/** Text as bytes of one octet for each character. */
const latin1 = (text: string) => Buffer.from(text, 'latin1');
const utf16 = (text: string) => Buffer.from(text, 'utf16le');
const BOM = '\ufeff';

/** The customRoomId that is stored, or the error that is answered, with a piece of its message. */
type Outcome = string | { status: number; code: string; says?: string };
const malformed = (says?: string) => ({ status: 400, code: 'MALFORMED_BODY', ...(says && { says }) });
const unread = (says: string) => ({ status: 415, code: 'UNSUPPORTED_MEDIA_TYPE', says });
const invalid = (says: string) => ({ status: 400, code: 'INVALID_INPUT', says });

async function expectOutcome(answer: RawAnswer, outcome: Outcome): Promise<void> {
  const body = JSON.parse(Buffer.from(answer.body, 'latin1').toString()) as Record<string, unknown>;
  if (typeof outcome === 'string') {
    expect(body).toMatchObject({ customRoomId: outcome });
    const stored = await api.call('GET', `/v2/rooms/${body.roomId}`);
    expect(stored.body).toMatchObject({ customRoomId: outcome });
  } else {
    expect({ status: answer.status, code: body.code }).toEqual({ status: outcome.status, code: outcome.code });
    expect(body.message).toContain(outcome.says ?? '');
  }
}

describe('a body in a charset', () => {
  it.each<[string, string | undefined, string | Buffer, Outcome]>([
    ['UTF-8', `${JSON_TYPE}; charset=utf-8`, '{"customRoomId":"café 1"}', 'café 1'],
    ['utf8, quoted', `${JSON_TYPE}; charset="UTF8"`, '{"customRoomId":"café 2"}', 'café 2'],
    ['nothing said', JSON_TYPE, '{"customRoomId":"café 3"}', 'café 3'],
    ['no type at all', undefined, '{"customRoomId":"café 4"}', 'café 4'],
    ['Latin-1', `${JSON_TYPE};charset=ISO-8859-1`, latin1('{"customRoomId":"café 5"}'), 'café 5'],
    ['latin1', `${JSON_TYPE}; Charset=latin1`, latin1('{"customRoomId":"cafè 6"}'), 'cafè 6'],
    ['windows-1252', `text/plain; charset=windows-1252`, latin1('{"customRoomId":"\x80 7"}'), '€ 7'],
    ['UTF-16', `${JSON_TYPE}; charset=utf-16`, utf16(`${BOM}{"customRoomId":"café 8"}`), 'café 8'],
    [
      'UTF-16, big end first',
      `${JSON_TYPE}; charset=utf-16`,
      utf16(`${BOM}{"customRoomId":"café 9"}`).swap16(),
      'café 9',
    ],
    ['ASCII', `${JSON_TYPE}; charset=us-ascii`, '{"customRoomId":"cafe 10"}', 'cafe 10'],
    ['UTF-8 after a byte order mark', JSON_TYPE, `${BOM}{"customRoomId":"café 11"}`, 'café 11'],
    [
      'the shop’s own',
      `${JSON_TYPE}; charset=koi8-r`,
      Buffer.from([...latin1('{"customRoomId":"'), 0xc1, ...latin1('"}')]),
      'а',
    ],
    ['Latin-1 that is not said', JSON_TYPE, latin1('{"customRoomId":"caf\xe9"}'), malformed('utf-8')],
    ['other Latin-1 that is not said', JSON_TYPE, latin1('{"customRoomId":"caf\xe8"}'), malformed('utf-8')],
    ['half a surrogate pair in bytes', JSON_TYPE, latin1('{"customRoomId":"\xed\xa0\xbd"}'), malformed()],
    ['an overlong slash', JSON_TYPE, latin1('{"customRoomId":"\xc0\xaf"}'), malformed()],
    [
      'ASCII that is none',
      `${JSON_TYPE}; charset=us-ascii`,
      latin1('{"customRoomId":"caf\xe9"}'),
      malformed('us-ascii'),
    ],
    ['no known one', `${JSON_TYPE}; charset=klingon`, '{}', unread('klingon')],
    ['UTF-7', `${JSON_TYPE}; charset=utf-7`, '{}', unread('utf-7')],
  ])('%s', async (_, type, body, outcome) => {
    await expectOutcome(await post(body, type === undefined ? {} : { type }), outcome);
  });
});

describe('a body with a content coding', () => {
  const room = (id: string) => Buffer.from(JSON.stringify({ customRoomId: id }));
  it.each<[string, string, Buffer, Outcome]>([
    ['gzip', 'gzip', gzipSync(room('gzip')), 'gzip'],
    ['x-gzip, as it is also called', 'X-GZIP', gzipSync(room('x-gzip')), 'x-gzip'],
    ['deflate', 'deflate', deflateSync(room('deflate')), 'deflate'],
    ['br', 'br', brotliCompressSync(room('br')), 'br'],
    ['zstd', 'zstd', zstdCompressSync(room('zstd')), 'zstd'],
    ['identity', 'identity', room('identity'), 'identity'],
    ['an empty name', '', room('no coding'), 'no coding'],
    ['two, the last one outermost', 'deflate, gzip', gzipSync(deflateSync(room('two'))), 'two'],
    ['gzip that is none', 'gzip', room('x'), malformed('Content-Encoding')],
    ['gzip cut short', 'gzip', gzipSync(room('x')).subarray(0, 12), malformed('Content-Encoding')],
    ['br that is none', 'br', Buffer.from('hello, this is junk'), malformed('Content-Encoding')],
    ['zstd that is none', 'zstd', room('x'), malformed('Content-Encoding')],
    ['a bomb', 'gzip', gzipSync(Buffer.alloc(50_000_000, ' ')), { status: 413, code: 'BODY_TOO_LARGE' }],
    [
      'a bomb in a bomb',
      'gzip, gzip',
      gzipSync(gzipSync(Buffer.alloc(50_000_000))),
      { status: 413, code: 'BODY_TOO_LARGE' },
    ],
    ['too many', 'gzip,gzip,gzip,gzip,gzip', room('x'), { status: 415, code: 'UNSUPPORTED_CONTENT_ENCODING' }],
    ['compress', 'compress', room('x'), { status: 415, code: 'UNSUPPORTED_CONTENT_ENCODING', says: '"compress"' }],
    ['a member of every object', 'constructor', room('x'), { status: 415, code: 'UNSUPPORTED_CONTENT_ENCODING' }],
  ])('%s', async (_, coding, body, outcome) => {
    const answer = await post(body, { type: JSON_TYPE, coding });
    await expectOutcome(answer, outcome);
    const taken = answer.status === 415 ? 'gzip, deflate, br, zstd, identity' : undefined;
    expect(answer.headers['accept-encoding']).toBe(taken);
  });
});

describe('a body of type', () => {
  const one = (id: string) => JSON.stringify({ customRoomId: id });
  it.each<[string | undefined, string, Outcome]>([
    [`${JSON_TYPE}, ${JSON_TYPE}`, one('joined'), 'joined'],
    ['text/plain;charset=UTF-8', one('plain'), 'plain'],
    ['application/vnd.api+json', one('vendor'), 'vendor'],
    ['json', one('bare'), 'bare'],
    ['', one('empty'), 'empty'],
    [';;;', one('odd'), 'odd'],
    ['application/json charset=utf-8', one('no semicolon'), 'no semicolon'],
    ['application/octet-stream', one('octets'), 'octets'],
    [FORM, one('said to be a form'), 'said to be a form'],
    [`${JSON_TYPE}, ${JSON_TYPE}`, '{"customRoomId":', { status: 400, code: 'MALFORMED_JSON' }],
    [FORM, '{"customRoomId":', { status: 400, code: 'MALFORMED_JSON' }],
    [
      'multipart/form-data; boundary=x',
      '--x\r\ncontent-disposition: form-data\r\n\r\n1\r\n--x--',
      unread('application/json'),
    ],
    ['application/xml', '<room/>', unread('application/json')],
    ['application/octet-stream', 'hello', unread('application/json')],
  ])('%s: %s', async (type, body, outcome) => {
    await expectOutcome(await post(body, type === undefined ? {} : { type }), outcome);
  });
});

describe('a form', () => {
  it.each<[string, string | Buffer, Outcome]>([
    [FORM, 'customRoomId=form+1&region=sg001', 'form 1'],
    [FORM, 'customRoomId=caf%C3%A9%202', 'café 2'],
    [FORM, 'customRoomId=café+3', 'café 3'],
    [`${FORM}; charset=iso-8859-1`, 'customRoomId=caf%E9+4', 'café 4'],
    [FORM, 'customRoomId=50% off 5', '50% off 5'],
    [FORM, 'customRoomId=a=b=6&', 'a=b=6'],
    [FORM, 'customRoomId=caf%E9', malformed('utf-8')],
    [FORM, 'customRoomId=a&customRoomId=b', invalid('customRoomId')],
    [FORM, 'customRoomId=', invalid('customRoomId')],
    [FORM, 'autoCloseConfig=yes', invalid('autoCloseConfig')],
    [FORM, 'a&'.repeat(2_001), invalid('2000 fields')],
  ])('%s: %s', async (type, body, outcome) => {
    await expectOutcome(await post(body, { type }), outcome);
  });

  it('may nest its fields in brackets, as PHP and jQuery write them', async () => {
    const body =
      'autoCloseConfig[duration]=60&autoCloseConfig%5Btype%5D=session-ends&multiComposition[hls]=true' +
      '&allowedParticipantIds[]=a&allowedParticipantIds[]=b&webhook[endPoint]=https://hooks.example.com/' +
      '&webhook[events][0]=session-*&webhook[events][1]=recording-*';
    const { status, body: answer } = await post(body, { type: FORM });
    expect({ status, ...JSON.parse(answer) }).toMatchObject({
      status: 200,
      autoCloseConfig: { duration: 60, type: 'session-ends' },
      allowedParticipantIds: ['a', 'b'],
      webhook: { endPoint: 'https://hooks.example.com/', events: ['session-*', 'recording-*'] },
    });
  });

  it('puts nothing into the prototypes of others', async () => {
    for (const name of ['__proto__[polluted]', 'constructor[prototype][polluted]', 'webhook[__proto__][polluted]']) {
      await post(`${name}=1`, { type: FORM });
    }
    expect(({} as { polluted?: unknown }).polluted).toBeUndefined();
  });
});

describe('numbers, truths and empty objects', () => {
  it.each<[string, object | number]>([
    ['[]', {}],
    ['{"webhook":[],"autoCloseConfig":[],"autoStartConfig":[],"multiComposition":[]}', {}],
    [
      '{"autoStartConfig":{"recording":[],"hls":{"config":[]}}}',
      { autoStartConfig: { recording: {}, hls: { config: {} } } },
    ],
    ['{"autoCloseConfig":{"duration":"60"}}', { autoCloseConfig: { duration: 60 } }],
    ['{"autoCloseConfig":{"duration":"0.5"}}', { autoCloseConfig: { duration: 0.5 } }],
    [
      '{"autoStartConfig":{"hls":{"config":{"layout":{"type":"GRID","gridSize":"20"}}}}}',
      { autoStartConfig: { hls: { config: { layout: { gridSize: 20 } } } } },
    ],
    ['{"customRoomId":5}', { customRoomId: '5' }],
    ['{"customRoomId":-7}', { customRoomId: '-7' }],
    ['{"allowedParticipantIds":[7,"x"]}', { allowedParticipantIds: ['7', 'x'] }],
    ['{"webhook":null,"customRoomId":null}', {}],
    ['[1]', 400],
    ['{"webhook":[1]}', 400],
    ['{"autoCloseConfig":{"duration":"060"}}', 400],
    ['{"autoCloseConfig":{"duration":"1e2"}}', 400],
    ['{"autoCloseConfig":{"duration":"0x10"}}', 400],
    ['{"autoCloseConfig":{"duration":" 60"}}', 400],
    ['{"autoCloseConfig":{"duration":"sixty"}}', 400],
    ['{"autoCloseConfig":{"duration":""}}', 400],
    ['{"autoCloseConfig":{"duration":true}}', 400],
    ['{"customRoomId":12345678901234567890}', 400],
    ['{"customRoomId":1.5}', 400],
    ['{"customRoomId":true}', 400],
    ['{"customRoomId":{}}', 400],
    ['{"multiComposition":{"hls":"yes"}}', 400],
    ['{"multiComposition":{"hls":1}}', 400],
  ])('%s', async (body, outcome) => {
    const { status, body: answer } = await post(body, { type: JSON_TYPE });
    if (typeof outcome === 'number') expect(status, answer).toBe(outcome);
    else expect({ status, ...JSON.parse(answer) }).toMatchObject({ status: 200, ...outcome });
  });

  it.each(['/v2/rooms?page=1&perPage=2', '/v2/rooms?perPage=2.0&page='])('GET %s', async (url) => {
    expect((await api.call('GET', url)).body.pageInfo.perPage).toBe(2);
  });
});

describe('an id in a path', () => {
  it.each([
    ['café 42', 'caf%C3%A9%2042', 200],
    ['50% off', '50%25%20off', 200],
    ['a+b', 'a+b', 200],
    ['café-42', 'caf%E9-42', 400],
    ['50%-off', '50%-off', 400],
  ])('%s as %s', async (id, path, status) => {
    await api.call('POST', '/v2/rooms', { customRoomId: id });
    const answer = await post('', { path: `/v2/rooms/validate/${path}` });
    expect(answer.status).toBe(status);
    const body = JSON.parse(Buffer.from(answer.body, 'latin1').toString());
    expect(body).toMatchObject(status === 200 ? { customRoomId: id } : { statusCode: 400, code: 'BAD_URL' });
  });
});

describe('ids that cannot be kept', () => {
  it.each([
    ['half an emoji', '{"customRoomId":"a\\ud83d"}'],
    ['NUL', '{"customRoomId":"a\\u0000"}'],
    ['a line break', '{"customRoomId":"a\\nb"}'],
  ])('%s is refused with the reason', async (_, body) => {
    const answer = await post(body, { type: JSON_TYPE });
    expect({ status: answer.status, ...JSON.parse(answer.body) }).toMatchObject({
      status: 400,
      details: [{ field: 'customRoomId' }],
    });
  });

  it('never become one: whatever bytes are sent, either one room has them or they are refused', async () => {
    const types = fc.constantFrom(undefined, 'iso-8859-1', 'utf-16', 'utf-8', 'shift_jis');
    const rooms = new Map<string, string>();
    await fc.assert(
      fc.asyncProperty(
        fc.uint8Array({ minLength: 1, maxLength: 6 }),
        types,
        fc.boolean(),
        async (id, charset, form) => {
          const type = `${form ? FORM : JSON_TYPE}${charset ? `; charset=${charset}` : ''}`;
          const [before, after] = form ? ['customRoomId=', ''] : ['{"customRoomId":"', '"}'];
          const answer = await post(Buffer.concat([Buffer.from(before), id, Buffer.from(after)]), { type });
          expect(answer.status).toBeLessThan(500);
          if (answer.status !== 200) return;
          const { customRoomId, roomId } = JSON.parse(Buffer.from(answer.body, 'latin1').toString());
          expect(customRoomId ?? '').not.toContain('\ufffd');
          if (customRoomId === undefined || customRoomId === null) return;
          expect(rooms.get(customRoomId) ?? roomId).toBe(roomId);
          rooms.set(customRoomId, roomId);
          if (charset !== undefined && charset !== 'utf-8') return;
          // What was sent is what is stored, and nothing else.
          if (!form && !Buffer.from(id).includes('\\')) expect(Buffer.from(customRoomId).equals(id)).toBe(true);
        },
      ),
      { numRuns: 300 },
    );
  });
});

describe('an upload', () => {
  const path = '/base64-upload?roomId=upload';
  const file = (fileName: string) => JSON.stringify({ fileName, base64Data: 'aGVsbG8=' });
  const nameOf = async (answer: RawAnswer) => {
    expect(answer.status, answer.body).toBe(200);
    const url = new URL(String(JSON.parse(answer.body).url));
    const { headers } = await api.call('GET', url.pathname);
    return decodeURIComponent(String(headers['content-disposition']).split("UTF-8''")[1] ?? '');
  };

  beforeAll(() => post('{"customRoomId":"upload"}', { type: JSON_TYPE }));

  it.each<[string, string | Buffer, Sent, string]>([
    ['UTF-8', file('café.txt'), {}, 'café.txt'],
    ['after a byte order mark', `${BOM}${file('a.txt')}`, { type: JSON_TYPE }, 'a.txt'],
    ['Latin-1', latin1(file('café.txt')), { type: `${JSON_TYPE}; charset=latin1` }, 'café.txt'],
    ['gzip', gzipSync(file('b.txt')), { coding: 'gzip' }, 'b.txt'],
    ['an odd type', file('c.txt'), { type: `${JSON_TYPE}, ${JSON_TYPE}` }, 'c.txt'],
    ['half an emoji', file('d😀').replace('😀', '\\ud83d'), {}, 'd\ufffd'],
    ['a number for a name', '{"fileName":2024,"base64Data":"aGVsbG8="}', {}, '2024'],
    ['a name that is too long', file('😀'.repeat(200)), {}, '😀'.repeat(127)],
  ])('with %s', async (_, body, sent, name) => {
    expect(await nameOf(await post(body, { ...sent, path }))).toBe(name);
  });

  it.each<[string, string | Buffer, Sent, number]>([
    ['Latin-1 that is not said', latin1(file('caf\xe9.txt')), {}, 400],
    ['gzip that is none', file('x'), { coding: 'gzip' }, 400],
    ['a bomb', gzipSync(Buffer.alloc(50_000_000, ' ')), { coding: 'gzip' }, 413],
    ['another coding', file('x'), { coding: 'compress' }, 415],
    ['another type', 'fileName=x', { type: 'multipart/form-data; boundary=x' }, 415],
  ])('with %s is refused', async (_, body, sent, status) => {
    expect((await post(body, { ...sent, path })).status).toBe(status);
  });
});
