import { describe, expect, it } from 'vitest';
import { pageUrl } from './template.ts';

const given = {
  participantId: 'recorder-1',
  meetingId: 'abcd-efgh-ijkl',
  token: async () => 'made',
};
const read = async (url: string) => Object.fromEntries(new URL(await pageUrl(url, given)).searchParams);

describe('the address of a template page', () => {
  it('gets what the caller left out', async () => {
    expect(await read('https://example.com/page')).toEqual({
      participantId: 'recorder-1',
      meetingId: 'abcd-efgh-ijkl',
      token: 'made',
    });
  });

  it('keeps what the caller put in, but for the participant', async () => {
    const url = 'https://example.com/page?token=a.b.c&meetingId=other&participantId=RECORDER_ID&colour=%23fff#part';
    expect(await read(url)).toEqual({
      token: 'a.b.c',
      meetingId: 'other',
      participantId: 'recorder-1',
      colour: '#fff',
    });
    expect(await pageUrl(url, given)).toMatch(/#part$/);
  });
});
