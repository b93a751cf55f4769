import { Button, Group, Stack, Text } from '@mantine/core';
import { IconEye, IconEyeOff } from '@tabler/icons-react';
import { useState } from 'react';
import type { LivestreamOutput } from '../../../src/protocol/egress.ts';
import { Copy } from '../parts/identifier.tsx';
import classes from '../parts/parts.module.css';
import { Section } from '../parts/section.tsx';

const MASK = '••••••••••••';

/** Where a livestream goes. Whoever has a stream key can stream in its owner's name, so they are shown when asked for. */
export function Outputs({ outputs }: { outputs: readonly LivestreamOutput[] }) {
  const [shown, setShown] = useState(false);
  return (
    <Section
      title="Servers"
      actions={
        <Button
          size="xs"
          variant="default"
          leftSection={shown ? <IconEyeOff size={14} /> : <IconEye size={14} />}
          onClick={() => setShown(!shown)}
        >
          {shown ? 'Hide stream keys' : 'Show stream keys'}
        </Button>
      }
    >
      <Stack gap="md">
        {outputs.map((output, index) => {
          const { address, key } = parted(output);
          return (
            // biome-ignore lint/suspicious/noArrayIndexKey: an output is known by nothing but its place
            <div key={index}>
              <Text size="sm" fw={600} style={{ overflowWrap: 'anywhere' }}>
                {address}
              </Text>
              <Group gap={4} wrap="nowrap">
                <Text className={classes.mono} c="dimmed" style={{ overflowWrap: 'anywhere' }}>
                  {shown ? key || 'without a key' : MASK}
                </Text>
                {shown && key && <Copy value={key} label="stream key" />}
              </Group>
            </div>
          );
        })}
      </Stack>
    </Section>
  );
}

/** Some servers take the key as the end of the address. */
function parted({ url, streamKey }: LivestreamOutput): { address: string; key: string } {
  if (streamKey) return { address: url, key: streamKey };
  const { protocol, host, pathname, search } = URL.parse(url) ?? { protocol: '', host: url, pathname: '', search: '' };
  const [, app = '', rest = ''] = /^(\/[^/]*)\/?(.*)$/.exec(pathname) ?? [];
  return { address: `${protocol}//${host}${app}`, key: `${rest}${search}` };
}
