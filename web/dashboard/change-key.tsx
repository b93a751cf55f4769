import { useMutation, useQueryClient } from '@tanstack/react-query';
import type { KeyRow, NewSecretBody } from '../../src/protocol/rest/dashboard.ts';
import { api } from './api.ts';
import { Confirm } from './parts/confirm.tsx';
import { toast } from './parts/toasts.tsx';

type What = 'rotate' | 'end-previous-secret' | 'disable';
export type KeyChange = { what: What; key: KeyRow };

interface Props {
  asked: KeyChange | undefined;
  onClose: () => void;
  onMade: (made: NewSecretBody) => void;
}

/** Asks whether a key is to be changed, and changes it. */
export function ChangeKey({ asked, onClose, onMade }: Props) {
  const client = useQueryClient();
  const words = asked && wordsOf(asked);
  const change = useMutation({
    mutationFn: async ({ what, key }: KeyChange): Promise<NewSecretBody | undefined> => {
      const path = `/keys/${encodeURIComponent(key.apiKey)}/${what}`;
      return what === 'rotate' ? api<NewSecretBody>('POST', path) : void (await api('POST', path));
    },
    onSuccess: async (made, changed) => {
      onClose();
      if (made) onMade(made);
      else toast.done(wordsOf(changed).done);
      await client.invalidateQueries({ queryKey: ['keys'] });
    },
    onError: toast.failed,
  });
  return (
    <Confirm
      opened={asked !== undefined}
      title={words?.title ?? ''}
      action={words?.action ?? ''}
      loading={change.isPending}
      onConfirm={() => asked && change.mutate(asked)}
      onClose={onClose}
    >
      {words?.consequence}
      {asked?.what === 'disable' && asked.key.current && ' You are signed in with this key: you will be signed out.'}
    </Confirm>
  );
}

interface Words {
  title: string;
  action: string;
  done: string;
  consequence: string;
}

function wordsOf({ what, key: { name } }: KeyChange): Words {
  const all: Record<What, Words> = {
    rotate: {
      title: `New secret for ${name}?`,
      action: 'Make a new secret',
      done: '',
      consequence:
        'The old secret stays good for a day, so that programs can take the new one in turn; you can end it before. One from an earlier rotation ends now.',
    },
    'end-previous-secret': {
      title: `End the old secret of ${name}?`,
      action: 'End the old secret',
      done: 'Only the new secret is good now.',
      consequence:
        'Tokens and invites signed with the old secret are refused within a second, and users who signed in with it are signed out.',
    },
    disable: {
      title: `Disable ${name}?`,
      action: 'Disable for ever',
      done: 'The key is disabled.',
      consequence:
        'Its tokens are refused within a second and nobody can sign in with it. This cannot be taken back; its rooms stay.',
    },
  };
  return all[what];
}
