import { ActionIcon, CopyButton, Group, Text, Tooltip } from '@mantine/core';
import { IconCheck, IconCopy } from '@tabler/icons-react';
import classes from './parts.module.css';

/** An id in full, with a button that copies it. */
export function Identifier({ value, label }: { value: string; label: string }) {
  return (
    <Group gap={2} wrap="nowrap" miw={0}>
      <Text className={classes.mono} truncate>
        {value}
      </Text>
      <Copy value={value} label={label} />
    </Group>
  );
}

/** A button that copies a text; `label` says which. */
export function Copy({ value, label }: { value: string; label: string }) {
  return (
    <CopyButton value={value} timeout={1500}>
      {({ copied, copy }) => (
        <Tooltip label={copied ? 'Copied' : `Copy ${label}`}>
          <ActionIcon
            variant="subtle"
            size="sm"
            color={copied ? 'teal' : 'gray'}
            onClick={(event) => {
              event.stopPropagation();
              copy();
            }}
            aria-label={copied ? 'Copied' : `Copy ${label}`}
          >
            {copied ? <IconCheck size={14} /> : <IconCopy size={14} />}
          </ActionIcon>
        </Tooltip>
      )}
    </CopyButton>
  );
}
