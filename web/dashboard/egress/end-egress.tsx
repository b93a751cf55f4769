import { useMutation, useQueryClient } from '@tanstack/react-query';
import type { EgressRow } from '../../../src/protocol/rest/dashboard.ts';
import { api } from '../api.ts';
import { Confirm } from '../parts/confirm.tsx';
import { tell } from '../parts/toasts.tsx';
import { EGRESS_WORDS } from '../words.ts';
import { RESOURCES } from './resources.ts';

export interface Asked {
  what: 'stop' | 'delete';
  egress: EgressRow;
}

interface Props {
  asked: Asked | undefined;
  onClose: () => void;
  onDeleted?: () => void;
}

/** Stops or deletes one, after asking. */
export function EndEgress({ asked, onClose, onDeleted }: Props) {
  const client = useQueryClient();
  const end = useMutation({
    mutationFn: ({ what, egress: { kind, id, roomId } }: Asked) =>
      what === 'stop'
        ? api('POST', `${RESOURCES[kind]}/end`, { roomId, id })
        : api('DELETE', `${RESOURCES[kind]}/${encodeURIComponent(id)}`),
    onSuccess: async (_, { what, egress }) => {
      tell.done(`${EGRESS_WORDS[egress.kind].one}: ${what === 'stop' ? 'is being finished' : 'deleted'}.`);
      onClose();
      if (what === 'delete') onDeleted?.();
      await client.invalidateQueries({ queryKey: ['egresses'] });
    },
    onError: tell.failed,
  });
  const { one } = EGRESS_WORDS[asked?.egress.kind ?? 'recording'];
  const room = asked?.egress.customRoomId ?? asked?.egress.roomId ?? '';
  const words = asked && WORDS[asked.what](asked.egress);
  return (
    <Confirm
      opened={asked !== undefined}
      title={`${asked?.what === 'delete' ? 'Delete' : 'Stop'} this ${lowered(one)} of ${room}?`}
      action={words?.action ?? ''}
      danger={asked?.what === 'delete'}
      loading={end.isPending}
      onConfirm={() => asked && end.mutate(asked)}
      onClose={onClose}
    >
      {words?.text}
    </Confirm>
  );
}

const WORDS: Record<Asked['what'], (egress: EgressRow) => { action: string; text: string }> = {
  stop: ({ kind, status }) => ({
    action: 'Stop it',
    text:
      status === 'queued'
        ? 'It has not begun yet and loses its place. It can be started again as long as somebody is in the room.'
        : {
            recording: 'The file is finished and can be played a moment later. The meeting goes on.',
            hls: 'Viewers see its end, and can play it from the beginning. The meeting goes on.',
            livestream: 'Its servers are told that it is over. The meeting goes on.',
          }[kind],
  }),
  delete: ({ kind }) => ({
    action: 'Delete for ever',
    text: `${
      kind === 'recording' ? 'The file goes with it, in the storage too' : 'Everything that was streamed goes with it'
    }, and links to it stop working. This cannot be taken back.`,
  }),
};

/** `HLS stream` keeps its capitals. */
export function lowered(word: string): string {
  return /^[A-Z]{2}/.test(word) ? word : word.toLowerCase();
}
