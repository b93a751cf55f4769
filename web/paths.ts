// Every address a page links to is made here.
import { PAGES } from '../src/protocol/pages.ts';

export { PAGES };

type ParamsOf<P extends string> = P extends `${string}$${infer Name}/${infer Rest}`
  ? Name | ParamsOf<Rest>
  : P extends `${string}$${infer Name}`
    ? Name
    : never;

/** The address of a page: `pathTo('meeting', { roomId })`. */
export function pathTo<N extends keyof typeof PAGES>(
  page: N,
  ...[params]: [ParamsOf<(typeof PAGES)[N]>] extends [never] ? [] : [Record<ParamsOf<(typeof PAGES)[N]>, string>]
): string {
  const values: Record<string, string> = params ?? {};
  return PAGES[page].replace(/\$(\w+)/g, (_, name: string) => encodeURIComponent(values[name] ?? ''));
}
