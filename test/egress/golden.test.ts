// What every layout looks like, in both themes and orientations, against pictures that somebody has looked at and found
// good. After a change that is meant: `ROOMFUL_NEW_GOLDEN=1 npm test -- test/egress/golden`, then look at them.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { CompositionConfig } from '../../src/protocol/composition.ts';
import { ContactSheet } from '../harness/contact-sheet.ts';
import { type Person, paintStill } from '../harness/still.ts';

const FOLDER = join(import.meta.dirname, '..', 'golden');
const COLUMNS = 4;
/** What a name a pixel further to the left changes, and less than a tile in the wrong place. */
const MOST_DIFFERENT = 0.002;

const NAMES = [
  'Ada Lovelace',
  'Grace Hopper',
  'Edsger W. Dijkstra',
  'Katherine Johnson',
  'Alan Turing',
  'Radia Perlman',
  'Niklaus Wirth',
  'Barbara Liskov',
  'Jean-Baptiste Joseph Fourier, formerly of the École Polytechnique',
];
const person = (index: number, about: Partial<Person> = {}): Person => ({
  name: NAMES[index % NAMES.length] ?? '',
  ...about,
});
const people = (count: number, about: (index: number) => Partial<Person> = () => ({})) =>
  Array.from({ length: count }, (_, index) => person(index, about(index)));
/** Some are muted, some have no camera. */
const mixed = (index: number): Partial<Person> => ({ mic: index % 3 !== 1, camera: index % 4 !== 2 });

interface Scene {
  layout: CompositionConfig['layout'];
  people: Person[];
  speaker?: number;
}

const layout = (type: Scene['layout']['type'], priority: Scene['layout']['priority'] = 'SPEAKER', gridSize = 25) => ({
  type,
  priority,
  gridSize,
});

/** In the order of the sheet. */
const SCENES: Scene[] = [
  { layout: layout('GRID'), people: [] },
  { layout: layout('GRID'), people: people(1) },
  { layout: layout('GRID'), people: people(2, mixed), speaker: 0 },
  { layout: layout('GRID'), people: people(5, mixed), speaker: 3 },
  { layout: layout('GRID'), people: people(9, mixed), speaker: 8 },
  { layout: layout('GRID'), people: people(25, mixed), speaker: 12 },
  { layout: layout('GRID', 'SPEAKER', 4), people: people(9, mixed), speaker: 7 },
  { layout: layout('GRID', 'PIN', 4), people: people(9, (index) => ({ ...mixed(index), pinned: index > 6 })) },
  { layout: layout('GRID'), people: people(5, (index) => ({ ...mixed(index), shares: index === 1 })), speaker: 0 },
  { layout: layout('SIDEBAR'), people: people(5, mixed), speaker: 3 },
  { layout: layout('SIDEBAR', 'PIN'), people: people(6, (index) => ({ ...mixed(index), pinned: index > 2 })) },
  { layout: layout('SIDEBAR'), people: people(3, (index) => ({ ...mixed(index), shares: index === 0 })) },
  { layout: layout('SPOTLIGHT'), people: people(4, mixed), speaker: 3 },
  { layout: layout('SPOTLIGHT', 'PIN'), people: people(4, (index) => ({ ...mixed(index), pinned: index > 1 })) },
  { layout: layout('SPOTLIGHT'), people: people(3, (index) => ({ shares: index === 2 })) },
  { layout: layout('GRID'), people: people(3, () => ({ camera: false, mic: false })) },
];

describe.each(['DARK', 'LIGHT'] as const)('%s', (theme) => {
  it.each(['landscape', 'portrait'] as const)('%s looks as it was found good', async (orientation) => {
    const cell = orientation === 'landscape' ? { width: 426, height: 240 } : { width: 240, height: 426 };
    const sheet = new ContactSheet(cell, COLUMNS, Math.ceil(SCENES.length / COLUMNS));
    for (const [index, { layout, people, speaker }] of SCENES.entries()) {
      const config: CompositionConfig = {
        layout,
        theme,
        orientation,
        mode: 'video-and-audio',
        quality: 'med',
        templateUrl: null,
      };
      await paintStill(config, people, speaker, (canvas) => sheet.place(canvas, index));
    }
    const name = `${theme}-${orientation}.png`.toLowerCase();
    if (process.env.ROOMFUL_NEW_GOLDEN) writeFileSync(join(FOLDER, name), sheet.png());
    const differences = sheet.differences(readFileSync(join(FOLDER, name)), SCENES.length);
    const wrong = differences.flatMap((share, index) => (share > MOST_DIFFERENT ? [{ scene: index, share }] : []));
    if (wrong.length > 0) {
      const seen = join(tmpdir(), 'roomful-golden');
      mkdirSync(seen, { recursive: true });
      writeFileSync(join(seen, name), sheet.png());
      console.error(`What was painted now is in ${join(seen, name)}.`);
    }
    sheet.close();
    expect(wrong).toEqual([]);
  });
});
