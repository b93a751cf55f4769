import { describe, expect, it } from 'vitest';
import { LEAVE_REASONS } from '../../src/protocol/signaling.ts';
import { colourIndexOf, initialsOf, leavingInWords, outputState, problemInWords } from './words.ts';

describe('words', () => {
  it('for an avatar are up to two letters, of any script', () => {
    expect(initialsOf('Ann Marie Smith')).toBe('AS');
    expect(initialsOf('zoë')).toBe('Z');
    expect(initialsOf('👩‍🚀 Lee')).toBe('👩‍🚀L');
    expect(initialsOf('  ')).toBe('?');
    expect(initialsOf('<b>x</b>')).toBe('<');
  });

  it('give everybody one colour', () => {
    expect(colourIndexOf('ann', 6)).toBe(colourIndexOf('ann', 6));
    expect(colourIndexOf('', 6)).toBe(0);
  });

  it('tell where a recording or stream stands', () => {
    const state = (kind: 'recording' | 'hls', status: 'STARTED' | 'STOPPED', problem?: string) =>
      outputState({ kind, status, problem });
    expect([state('recording', 'STARTED'), state('hls', 'STARTED')]).toEqual(['Recording', 'Live']);
    expect([state('recording', 'STOPPED'), state('hls', 'STOPPED')]).toEqual(['Ready', 'Ended']);
    expect(state('recording', 'STOPPED', 'disk full')).toBe('Failed');
  });

  it('exist for every way to leave and every problem of a device', () => {
    for (const reason of Object.values(LEAVE_REASONS)) expect(leavingInWords(reason).title).toBeTruthy();
    expect(leavingInWords(LEAVE_REASONS.REMOVE_PEER).mayRejoin).toBe(false);
    expect(leavingInWords({ code: 4009, message: 'The room is full.' }).text).toBe('The room is full.');
    for (const problem of ['blocked', 'missing', 'busy', 'insecure', 'failed'] as const) {
      expect(problemInWords('camera', problem).title).toContain('camera');
    }
  });
});
