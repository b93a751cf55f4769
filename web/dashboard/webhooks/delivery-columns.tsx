import { Stack, Text } from '@mantine/core';
import { Link } from '@tanstack/react-router';
import { pathTo } from '../../paths.ts';
import type { Column } from '../parts/data-table.tsx';
import { whole } from '../parts/format.ts';
import classes from '../parts/parts.module.css';
import { AnswerCode, DeliveryStatus } from '../parts/status.tsx';
import { Ago } from '../parts/times.tsx';
import type { Delivery } from '../queries.ts';

export function deliveryColumns({ withUrl }: { withUrl: boolean }): Column<Delivery>[] {
  const url: Column<Delivery> = {
    header: 'Receiver',
    from: 'md',
    cell: (delivery) => (
      <Text size="sm" truncate maw={280} title={delivery.url}>
        {delivery.url}
      </Text>
    ),
  };
  return [
    {
      header: 'Event',
      cell: ({ id, type, sequence, roomId }) => (
        <Stack gap={0}>
          <Link to={pathTo('delivery', { deliveryId: id })} className={classes.rowLink}>
            {type}
          </Link>
          <Text className={classes.mono} c="dimmed">
            {roomId} · {sequence}
          </Text>
        </Stack>
      ),
    },
    { header: 'State', cell: ({ status, attempts }) => <DeliveryStatus status={status} attempts={attempts} /> },
    ...(withUrl ? [url] : []),
    {
      header: 'Last answer',
      from: 'sm',
      cell: ({ lastStatus, lastError }) => <AnswerCode status={lastStatus} error={lastError} />,
    },
    { header: 'Attempts', align: 'right', from: 'md', cell: ({ attempts }) => whole(attempts) },
    { header: 'Queued', from: 'xs', cell: ({ createdAt }) => <Ago at={createdAt} size="sm" /> },
  ];
}
