import { useMutation, useQueryClient } from '@tanstack/react-query';
import { api } from './api.ts';
import { Confirm } from './parts/confirm.tsx';
import { tell } from './parts/toasts.tsx';

interface Props {
  room: { roomId: string; customRoomId: string | null } | undefined;
  onClose: () => void;
}

export function DeactivateRoom({ room, onClose }: Props) {
  const client = useQueryClient();
  const name = room?.customRoomId ?? room?.roomId ?? '';
  const deactivate = useMutation({
    mutationFn: () => api('POST', '/v2/rooms/deactivate', { roomId: room?.roomId }),
    onSuccess: async () => {
      tell.done(`Room ${name} is deactivated.`);
      onClose();
      await client.invalidateQueries();
    },
    onError: tell.failed,
  });
  return (
    <Confirm
      opened={room !== undefined}
      title={`Deactivate ${name}?`}
      action="Deactivate for ever"
      loading={deactivate.isPending}
      onConfirm={() => deactivate.mutate()}
      onClose={onClose}
    >
      Its live session ends at once and nobody can join it any more. This cannot be taken back; what happened in it
      stays readable.
    </Confirm>
  );
}
