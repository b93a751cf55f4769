import { TextInput } from '@mantine/core';
import { useDebouncedCallback } from '@mantine/hooks';
import { IconSearch } from '@tabler/icons-react';
import { useState } from 'react';
import type { ListState } from '../list-state.ts';

const WAIT_MS = 250;

/** A filter by text, asked for when typing pauses. */
export function SearchInput(props: { state: ListState; name: string; label: string; placeholder: string }) {
  const { state, name, label, placeholder } = props;
  const [text, setText] = useState(state.filter(name));
  const search = useDebouncedCallback((value: string) => state.setFilters({ [name]: value.trim() }), WAIT_MS);
  return (
    <TextInput
      aria-label={label}
      placeholder={placeholder}
      leftSection={<IconSearch size={16} />}
      value={text}
      onChange={({ currentTarget }) => {
        setText(currentTarget.value);
        search(currentTarget.value);
      }}
      type="search"
      maxLength={256}
      flex="1 1 14rem"
      maw={{ sm: '24rem' }}
    />
  );
}
