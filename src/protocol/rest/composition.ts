// How a composed recording, HLS stream or RTMP livestream shall look. One wish comes in several spellings (reference:
// contradictions C3, C12, C13); all of them pass here, whoever acts on a wish resolves them.
import { Type } from 'typebox';
import { Flag, Open, oneOf, Text } from './common.ts';

const LAYOUT_TYPES = ['GRID', 'SPOTLIGHT', 'SIDEBAR'] as const;
const LAYOUT_PRIORITIES = ['SPEAKER', 'PIN'] as const;
const THEMES = ['DARK', 'LIGHT', 'DEFAULT'] as const;
const COMPOSITION_MODES = ['video-and-audio', 'audio'] as const;
const QUALITIES = ['low', 'med', 'high', 'ultra'] as const;
const ORIENTATIONS = ['landscape', 'portrait'] as const;

/** The reference says 4 for some calls and 25 for others; 25 is accepted for all (contradiction C2). */
const MAX_GRID_SIZE = 25;

const Layout = Open(
  {
    type: Type.Optional(oneOf(LAYOUT_TYPES, { description: 'Arrangement of the tiles.', default: 'GRID' })),
    priority: Type.Optional(
      oneOf(LAYOUT_PRIORITIES, {
        description: 'Who comes first: the active speaker or pinned ones.',
        default: 'SPEAKER',
      }),
    ),
    gridSize: Type.Optional(
      Type.Integer({ minimum: 0, maximum: MAX_GRID_SIZE, default: 25, description: 'Most tiles shown at once.' }),
    ),
  },
  'Where participants are shown.',
);

const looks = {
  theme: Type.Optional(oneOf(THEMES, { description: 'Colours.', default: 'DEFAULT' })),
  mode: Type.Optional(
    oneOf(COMPOSITION_MODES, { description: 'With video, or sound alone.', default: 'video-and-audio' }),
  ),
  quality: Type.Optional(
    oneOf(QUALITIES, {
      description: '`low` 854x480, `med` 1280x720, `high` 1920x1080; `ultra` is the highest we have.',
      default: 'med',
    }),
  ),
  orientation: Type.Optional(
    oneOf(ORIENTATIONS, { description: '`portrait` swaps width and height.', default: 'landscape' }),
  ),
};

export const Enabled = Open({ enabled: Type.Optional(Flag()) });
const Summary = Open(
  { enabled: Type.Optional(Flag()), prompt: Type.Optional(Text(10_000, 'What the summary shall dwell on.')) },
  'Summary of what was said; needs the transcription.',
  { 'x-not-served': 'there are no summaries here yet' },
);
export const Transcription = Open(
  { enabled: Type.Optional(Flag()), summary: Type.Optional(Summary) },
  'Text of what was said.',
  { 'x-not-served': 'there is no transcription here yet' },
);
const TemplateUrl = Text(2048, 'Page that is filmed instead of our own layout.');
const DirPath = Text(1024, 'Folder inside the storage that files are put in.');

const CompositionConfig = Open(
  { layout: Type.Optional(Layout), ...looks, recording: Type.Optional(Enabled) },
  'How it shall look. Theme, mode, quality and orientation are read here first, then beside `config`.',
);

export const compositionWish = {
  templateUrl: Type.Optional(TemplateUrl),
  config: Type.Optional(CompositionConfig),
  ...looks,
  transcription: Type.Optional(Transcription),
  summary: Type.Optional(Summary),
  awsDirPath: Type.Optional(DirPath),
  bucketDirPath: Type.Optional(DirPath),
  dirPath: Type.Optional(DirPath),
};

export const CompositeWish = Open(
  {
    participants: Type.Optional(
      Type.Array(
        Open({
          participantId: Text(128, 'Whom to record.'),
          kind: Type.Optional(Type.Array(oneOf(['audio', 'video', 'screen_audio', 'screen_video']))),
        }),
        { maxItems: 100, description: 'Whom to record; empty leaves it to the recorder.' },
      ),
    ),
    fileFormat: Type.Optional(Text(16, 'Container of the file.')),
  },
  'Records chosen participants into one file.',
  { 'x-not-served': 'there are no composite recordings here yet' },
);
