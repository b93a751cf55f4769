import { describe, expect, it } from 'vitest';
import { lackOf } from './unavailable.ts';

const coded = (code: string, message = 'something') => Object.assign(new Error(message), { code });

describe('a failure', () => {
  it.each([
    ['a refused connection', coded('ECONNREFUSED')],
    ['several refused addresses of one name', new AggregateError([coded('ECONNREFUSED'), coded('ECONNREFUSED')])],
    ['a cut connection', coded('ECONNRESET')],
    ['a database that shuts down', coded('57P01')],
    ['a database that starts', coded('57P03')],
    ['a full disk of the database', coded('53100')],
    ['too many connections', coded('53300')],
    ['a lost connection by its class', coded('08006')],
    ['a slow statement', coded('57014')],
    ['a deadlock', coded('40P01')],
    ['a standby', coded('25006')],
    ['no descriptors', coded('EMFILE')],
    ['a full pool', new Error('timeout exceeded when trying to connect')],
    ['a connection that ended', new Error('Connection terminated unexpectedly')],
    ['one of them as a cause', new Error('it failed', { cause: coded('57P01') })],
  ])('%s passes', (_what, error) => expect(lackOf(error)).toBe('busy'));

  it.each(['ENOSPC', 'EDQUOT'])('%s is a full disk', (code) => expect(lackOf(coded(code))).toBe('full'));

  it.each([
    ['a unique violation', coded('23505')],
    ['a syntax error', coded('42601')],
    ['a missing file', coded('ENOENT')],
    ['words of others with a code', coded('X', 'Connection terminated')],
    ['a mistake of ours', new TypeError('undefined is not a function')],
    ['no error', 'ECONNRESET'],
    ['nothing', undefined],
  ])('%s is one of its own', (_what, error) => expect(lackOf(error)).toBeUndefined());
});
