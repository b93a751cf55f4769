import { expect, it } from 'vitest';
import { listSearch } from './search.ts';

it('reads page, order and the filters of a list, and leaves out what makes no sense', () => {
  const read = listSearch('search', 'status');
  expect(read({ page: 3, perPage: '50', sort: 'created', order: 'asc', search: 42, status: 'live' })).toEqual({
    page: 3,
    perPage: 50,
    sort: 'created',
    order: 'asc',
    search: '42',
    status: 'live',
  });
  expect(read({ page: 'x', perPage: -1, sort: '', order: 'up', search: '', status: { a: 1 }, other: 'b' })).toEqual({});
});
