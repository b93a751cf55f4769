// Words that only insiders understand, and what to say instead: docs/style.md gives the reason. Whole words, parts of
// identifiers (`tellAll`, `AutoStartWish`) and file names count.
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { expect, it } from 'vitest';

const ROOT = resolve(import.meta.dirname, '..');

/** Each in any case, with what to say instead. */
const WORDS: Record<string, string> = {
  ...every('wish wishes wished wishing', 'request, query, options: what it is'),
  ...every('tell tells told telling', 'notify, send, report, say: what it does'),
  ...every('somebody', 'a participant, caller, client or user'),
  ...every('whoever', 'the caller, any client who'),
  ...every('anew', 'again'),
  ...every('patience', 'timeoutMs, or a signal'),
  ...every('obey obeys obeyed', 'handleCommand'),
  ...every('film films filmed filming', 'capture'),
  ...every('studio', 'EgressRunner'),
  ...every('salvage', 'Recovery'),
  ...every('onlooker onlookers', 'SessionObserver'),
  ...every('intake', 'RtpReceiver'),
  ...every('lettering', 'TextRenderer'),
  ...every('artwork', 'Overlay'),
  ...every('artboard', 'RgbaBitmap'),
};

/** What single words would not show. */
const PATTERNS: { pattern: RegExp; say: string }[] = [
  { pattern: /(?:^\s*(?:\/\*\*|\*|\/\/)|[.;])\s*Answers\b(?! (?:are|of|to)\b)/, say: 'Returns' },
  { pattern: /\bSuccessors\b|\bsuccessors\.ts/, say: 'Failover' },
  { pattern: /waiting-?line/i, say: 'LaunchQueue' },
  { pattern: /\blayGround\b|\bGround\b/, say: 'createInfrastructure, Infrastructure' },
  { pattern: /\blackFor\b/, say: 'missingRequirement' },
  {
    pattern: /\b(?:class|interface|type) (?:Run|Children|Cast|Voice)\b/,
    say: 'the term of the field: see docs/architecture.md',
  },
];

/** Words that are not ours to choose. */
const ALLOWED: { file: string; word: string; why: string }[] = [
  {
    file: 'src/egress/remote/messages.ts',
    word: 'tell',
    why: 'the wire between nodes, which may be of different versions',
  },
];

function every(words: string, say: string): Record<string, string> {
  return Object.fromEntries(words.split(' ').map((word) => [word, say]));
}

/** `AutoStartWish` and `auto-start-wish` are auto, start and wish. */
function wordsOf(text: string): string[] {
  const parts = text.match(/[A-Z]+(?![a-z])|[A-Z]?[a-z]+/g) ?? [];
  return parts.map((part) => part.toLowerCase());
}

/** What of a text is not said here, each once, with what to say instead. */
function hitsIn(text: string): { word: string; say: string }[] {
  const words = [...new Set(wordsOf(text))].flatMap((word) => {
    const say = Object.hasOwn(WORDS, word) ? WORDS[word] : undefined;
    return say === undefined ? [] : [{ word, say }];
  });
  const patterns = PATTERNS.flatMap(({ pattern, say }) => {
    const [found] = pattern.exec(text) ?? [];
    return found === undefined ? [] : [{ word: found.trim(), say }];
  });
  return [...words, ...patterns];
}

function filesIn(paths: string[]): string[] {
  const tracked = ['ls-files', '--cached', '--others', '--exclude-standard', '--', ...paths];
  const files = execFileSync('git', tracked, { cwd: ROOT, encoding: 'utf8' }).split('\n');
  const isText = (file: string) => /\.(ts|tsx|mjs|js|css|html|md|json|yml|sh|c|h)$|\.ci\/run$/.test(file);
  // The table itself, and what npm writes.
  const isExempt = (file: string) => ['test/words.test.ts', 'package-lock.json'].includes(file);
  return files.filter((file) => isText(file) && !isExempt(file) && existsSync(join(ROOT, file)));
}

function sentence(place: string, { word, say }: { word: string; say: string }): string {
  return `${place}: "${word}": say ${say}`;
}

it('are those of the field', () => {
  const found = filesIn(['.']).flatMap((file) => {
    const isAllowed = ({ word }: { word: string }) => ALLOWED.some((it) => it.file === file && it.word === word);
    const lines = readFileSync(join(ROOT, file), 'utf8').split('\n');
    const inLines = lines.flatMap((line, index) =>
      hitsIn(line)
        .filter((hit) => !isAllowed(hit))
        .map((hit) => sentence(`${file}:${index + 1}`, hit)),
    );
    return [...hitsIn(file).map((hit) => sentence(file, hit)), ...inLines];
  });
  expect(found).toEqual([]);
});

it.each([
  'AutoStartWish',
  'tellAll',
  'TOLD_AT',
  'as somebody said',
  ' * Answers the room.',
  'waiting-line.ts',
  'class Voice {',
])('are found in %s', (text) => {
  expect(hitsIn(text)).toHaveLength(1);
});

it.each(['toldYou.ts'.replace('told', 'bold'), 'the answers of a room', 'a voice', 'intellect', 'cast', 'children'])(
  'are not found in %s',
  (text) => {
    expect(hitsIn(text)).toEqual([]);
  },
);
