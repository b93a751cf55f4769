import { Checkbox, Collapse, NumberInput, Select, SimpleGrid, Stack, Switch, TextInput } from '@mantine/core';
import type { UseFormReturnType } from '@mantine/form';
import type { EgressKind } from '../../../src/protocol/egress.ts';
import type { CompositionForm, RoomForm } from './room-wish.ts';

interface Props {
  form: UseFormReturnType<RoomForm>;
  kind: 'recording' | 'hls';
  label: string;
  description: string;
}

const CHOICES = {
  layout: [
    { value: 'GRID', label: 'Grid: equal tiles' },
    { value: 'SPOTLIGHT', label: 'Spotlight: one large tile' },
    { value: 'SIDEBAR', label: 'Sidebar: one large, others beside' },
  ],
  priority: [
    { value: 'SPEAKER', label: 'Who speaks' },
    { value: 'PIN', label: 'Who is pinned' },
  ],
  theme: [
    { value: 'DEFAULT', label: 'Default' },
    { value: 'DARK', label: 'Dark' },
    { value: 'LIGHT', label: 'Light' },
  ],
  mode: [
    { value: 'video-and-audio', label: 'Picture and sound' },
    { value: 'audio', label: 'Sound alone' },
  ],
  quality: [
    { value: 'low', label: 'Low, 480p' },
    { value: 'med', label: 'Medium, 720p' },
    { value: 'high', label: 'High, 1080p' },
  ],
  orientation: [
    { value: 'landscape', label: 'Landscape' },
    { value: 'portrait', label: 'Portrait' },
  ],
};

/** What starts by itself when a session begins, and how it looks. */
export function CompositionFields({ form, kind, label, description }: Props) {
  const values = form.getValues()[kind];
  return (
    <Stack gap="sm">
      <Switch label={label} description={description} {...form.getInputProps(`${kind}.on`, { type: 'checkbox' })} />
      <Collapse expanded={values.on} keepMounted={false}>
        <Stack gap="sm" pl={{ base: 0, sm: 'xl' }} pt="xs" pb="sm">
          <CompositionOptions
            kind={kind}
            values={values}
            input={(name, options) => form.getInputProps(`${kind}.${name}`, options)}
          />
        </Stack>
      </Collapse>
    </Stack>
  );
}

interface OptionsProps {
  kind: EgressKind;
  values: CompositionForm;
  input: (name: keyof CompositionForm, options?: { type: 'checkbox' }) => object;
}

/** How a composition looks, and where a recording goes. */
export function CompositionOptions({ kind, values, input }: OptionsProps) {
  const isAudio = kind !== 'livestream' && values.mode === 'audio';
  const select = (name: keyof typeof CHOICES, title: string, help: string) => (
    <Select label={title} description={help} data={CHOICES[name]} allowDeselect={false} {...input(name)} />
  );
  return (
    <>
      <SimpleGrid cols={{ base: 1, sm: 2 }} spacing="sm">
        {kind !== 'livestream' && select('mode', 'Mode', 'With the picture, or the sound alone.')}
        {select('quality', 'Quality', 'Size of the picture and its bit rate.')}
        {!isAudio && select('layout', 'Layout', 'How participants are arranged.')}
        {!isAudio && select('priority', 'Priority', 'Who comes first when not all fit.')}
        {!isAudio && (
          <NumberInput
            label="Grid size"
            description="Most tiles shown at once, up to 25."
            min={0}
            max={25}
            allowDecimal={false}
            {...input('gridSize')}
          />
        )}
        {!isAudio && select('orientation', 'Orientation', 'Portrait swaps width and height.')}
        {!isAudio && select('theme', 'Theme', 'Background and colours.')}
        {kind === 'recording' && (
          <TextInput
            label="Folder"
            description="Inside the storage; sent as awsDirPath."
            placeholder="meetings/2026"
            {...input('dirPath')}
          />
        )}
      </SimpleGrid>
      {!isAudio && (
        <TextInput
          label="Template address"
          description="A page of yours that is filmed instead of our own layout."
          placeholder="https://example.com/layout"
          inputMode="url"
          maxLength={2048}
          {...input('templateUrl')}
        />
      )}
      {kind !== 'recording' && (
        <Checkbox label="Keep a recording of the stream too" {...input('recordToo', { type: 'checkbox' })} />
      )}
    </>
  );
}
