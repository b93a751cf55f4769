// Short words about what was just done, in a corner, read out by screen readers.
import { Affix, Notification, Stack } from '@mantine/core';
import { IconCheck, IconX } from '@tabler/icons-react';
import { useSyncExternalStore } from 'react';

interface Toast {
  id: number;
  kind: 'done' | 'failed';
  text: string;
}

const SHOWN_MS = 6_000;

let toasts: readonly Toast[] = [];
let lastId = 0;
const listeners = new Set<() => void>();

function set(next: readonly Toast[]): void {
  toasts = next;
  for (const listener of listeners) listener();
}

function show(kind: Toast['kind'], text: string): void {
  const id = ++lastId;
  set([...toasts.slice(-3), { id, kind, text }]);
  setTimeout(() => dismiss(id), SHOWN_MS);
}

function dismiss(id: number): void {
  set(toasts.filter((toast) => toast.id !== id));
}

export const tell = {
  done: (text: string) => show('done', text),
  failed: (error: Error) => show('failed', error.message),
};

export function Toasts() {
  const shown = useSyncExternalStore(
    (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    () => toasts,
  );
  return (
    <Affix position={{ bottom: 16, right: 16 }} zIndex={400}>
      <Stack gap="xs" role="status" aria-live="polite" maw="min(24rem, calc(100vw - 2rem))">
        {shown.map(({ id, kind, text }) => (
          <Notification
            key={id}
            color={kind === 'done' ? 'teal' : 'red'}
            icon={kind === 'done' ? <IconCheck size={18} /> : <IconX size={18} />}
            onClose={() => dismiss(id)}
            closeButtonProps={{ 'aria-label': 'Dismiss' }}
            withBorder
          >
            {text}
          </Notification>
        ))}
      </Stack>
    </Affix>
  );
}
