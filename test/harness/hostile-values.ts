// Every way in which one field of a good message can be bad.

/** What is put in the place of a field: every other type, the ends of every range, and what breaks naive programs. */
export const HOSTILE_VALUES: readonly unknown[] = [
  null,
  true,
  0,
  -1,
  -0.5,
  1.5,
  1e300,
  -1e300,
  2 ** 16,
  2 ** 31,
  2 ** 32,
  2 ** 53,
  Number.MIN_VALUE,
  '',
  ' ',
  '0',
  'null',
  '\0',
  '\ud800',
  '\u202e\u0000',
  '../../etc/passwd',
  "' or 1=1 --",
  '{{7*7}}',
  'x'.repeat(300),
  'x'.repeat(70_000),
  '😀'.repeat(2_000),
  [],
  [null],
  [[]],
  Array.from({ length: 2_000 }, () => 0),
  {},
  { toString: 'x', valueOf: 'x', length: 2 ** 31 },
  JSON.parse('{"__proto__": {"polluted": true}, "constructor": {"prototype": {"polluted": true}}}'),
  nested(40),
  nested(3_000),
  Buffer.from('bytes'),
];

function nested(depth: number): unknown {
  let value: unknown = 1;
  for (let level = 0; level < depth; level++) value = level % 2 ? [value] : { a: value };
  return value;
}

/** `good` with each field in turn replaced by each hostile value, left out, or given a member it does not have. */
export function* spoiled(good: unknown): Generator<unknown> {
  for (const value of HOSTILE_VALUES) yield value;
  if (good === null || typeof good !== 'object') return;
  if (!Array.isArray(good)) {
    yield { ...good, surprise: { deep: [1, 2, { three: '3' }] } };
    yield JSON.parse(`{"__proto__": {"polluted": true}, ${JSON.stringify(good).slice(1)}`.replace(', }', '}'));
  }
  for (const key of Object.keys(good)) {
    const without = Array.isArray(good) ? [...good] : { ...good };
    Reflect.deleteProperty(without, key);
    yield without;
    for (const bad of spoiled((good as Record<string, unknown>)[key])) {
      const copy = Array.isArray(good) ? [...good] : { ...good };
      (copy as Record<string, unknown>)[key] = bad;
      yield copy;
    }
  }
}
