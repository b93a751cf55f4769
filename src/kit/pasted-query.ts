// Queries of clients that paste an id into an address as it is. The official browser SDK does, and socket.io then takes
// its address apart and writes it again: `me & you` comes as `roomId=me%20&%20you=undefined`, `50% off` as `50%%20off`.
// What an id was cannot always be told from that; so all that it may have been is returned, and whoever knows which ids
// there are decides.

/** What socket.io writes for a name without a value. */
const NO_VALUE = /=undefined$/;
/** A parameter of somebody's own, as it seems. */
const PARAMETER = /^\w+=(?!undefined$)/;

/**
 * The texts that may have been pasted behind `name=`, the likeliest first: all up to the next of the `known` parameters,
 * or up to what looks like parameters of somebody's own. Empty when there is no such parameter.
 */
export function pastedValues(query: string, name: string, known: ReadonlySet<string>): string[] {
  const [first, ...rest] = piecesOf(query, name, known);
  if (first === undefined) return [];
  const whole = [first, ...rest].join('&');
  const unwritten = [first, ...rest.map((piece) => piece.replace(NO_VALUE, ''))].join('&');
  const others = rest.every((piece) => PARAMETER.test(piece)) ? [first] : [];
  return [...new Set([unwritten, whole, ...others].flatMap(readingsOf))];
}

/** What a text in an address stands for, the likeliest first: escaped, escaped as forms do it, or not at all. */
export function readingsOf(text: string): string[] {
  return [...new Set([unescaped(text), unescaped(text.replaceAll('+', ' ')), text])];
}

/** The query of an address, without its question mark. */
export function queryOf(url: string): string {
  const at = url.indexOf('?');
  return at < 0 ? '' : url.slice(at + 1);
}

function piecesOf(query: string, name: string, known: ReadonlySet<string>): string[] {
  const pairs = query.split('&');
  const from = pairs.findIndex((pair) => pair.startsWith(`${name}=`));
  if (from < 0) return [];
  const next = pairs.findIndex((pair, index) => index > from && known.has(pair.split('=', 1)[0] ?? ''));
  const [first = '', ...rest] = pairs.slice(from, next < 0 ? pairs.length : next);
  return [first.slice(name.length + 1), ...rest];
}

/** Reads what is escaped, and leaves what only looks like it. */
function unescaped(text: string): string {
  return text.replace(/(?:%[0-9a-f]{2})+/gi, (escaped) => {
    try {
      return decodeURIComponent(escaped);
    } catch {
      return escaped;
    }
  });
}
