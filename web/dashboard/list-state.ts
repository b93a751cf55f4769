// Page, order and filters of a list, kept in the address, so that a link shows what its sender saw.
import { useNavigate, useSearch } from '@tanstack/react-router';

export interface ListState {
  page: number;
  perPage: number;
  sort: string | undefined;
  order: 'asc' | 'desc';
  /** A filter's value as text, empty when it is not set. */
  filter(name: string): string;
  /** Sets filters and goes to the first page. */
  setFilters(values: Record<string, string | undefined>): void;
  setPage(page: number): void;
  sortBy(column: string): void;
}

const PER_PAGE = 20;

export function useListState(): ListState {
  const search: Record<string, unknown> = useSearch({ strict: false });
  const navigate = useNavigate();
  const text = (name: string) => (search[name] === undefined ? '' : String(search[name]));
  const change = (values: Record<string, string | number | undefined>) => {
    const merged = Object.entries({ ...search, ...values }).filter(([, value]) => value !== undefined && value !== '');
    void navigate({ to: '.', search: Object.fromEntries(merged) as never, replace: true, resetScroll: false });
  };
  const sort = text('sort') || undefined;
  const order = text('order') === 'asc' ? 'asc' : 'desc';
  return {
    page: Math.max(1, Number.parseInt(text('page'), 10) || 1),
    perPage: Math.min(100, Math.max(5, Number.parseInt(text('perPage'), 10) || PER_PAGE)),
    sort,
    order,
    filter: text,
    setFilters: (values) => change({ ...values, page: undefined }),
    setPage: (page) => change({ page: page === 1 ? undefined : page }),
    sortBy: (column) => {
      const turned = sort === column && order === 'desc' ? 'asc' : 'desc';
      change({ sort: column, order: turned, page: undefined });
    },
  };
}
