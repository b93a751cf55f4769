// What the addresses of lists carry after the ?: page, order and filters. Links are checked against it.

export interface ListSearch {
  page?: number | undefined;
  perPage?: number | undefined;
  sort?: string | undefined;
  order?: 'asc' | 'desc' | undefined;
}

export type FilteredSearch<F extends string> = ListSearch & { [name in F]?: string | undefined };

/** Reads the address of a list with these filters; values that make no sense are left out. */
export function listSearch<const F extends string = never>(...filters: F[]) {
  return (search: Record<string, unknown>): FilteredSearch<F> => {
    const { order } = search;
    const read = {
      page: positive(search.page),
      perPage: positive(search.perPage),
      sort: text(search.sort),
      order: order === 'asc' || order === 'desc' ? order : undefined,
      ...Object.fromEntries(filters.map((name) => [name, text(search[name])])),
    };
    return Object.fromEntries(Object.entries(read).filter(([, value]) => value !== undefined)) as FilteredSearch<F>;
  };
}

function positive(value: unknown): number | undefined {
  const number = Number.parseInt(String(value), 10);
  return number > 0 ? number : undefined;
}

/** The router reads `?search=42` as a number. */
function text(value: unknown): string | undefined {
  const isText = typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean';
  return isText && value !== '' ? String(value) : undefined;
}
