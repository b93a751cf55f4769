import { Alert, Button, Code, DataList, Group, SimpleGrid, Stack, Text } from '@mantine/core';
import { IconDownload, IconExternalLink, IconPlayerStop, IconTrash } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { Link, useNavigate } from '@tanstack/react-router';
import { type ReactNode, useState } from 'react';
import type { EgressKind } from '../../../src/protocol/egress.ts';
import type { EgressBody } from '../../../src/protocol/rest/dashboard.ts';
import { pathTo } from '../../paths.ts';
import { bytes } from '../../ui/bytes.ts';
import { downloadUrl, gapInWords } from '../../viewer/words.ts';
import { ApiError } from '../api.ts';
import { Failure } from '../parts/failure.tsx';
import { dateTime, duration } from '../parts/format.ts';
import { Copy, Identifier } from '../parts/identifier.tsx';
import { PageFrame } from '../parts/page.tsx';
import classes from '../parts/parts.module.css';
import { Section } from '../parts/section.tsx';
import { EgressBadge } from '../parts/status.tsx';
import { Lasted } from '../parts/times.tsx';
import { egress } from '../queries.ts';
import { EGRESS_WORDS, looksInWords } from '../words.ts';
import { type Asked, EndEgress, lowered } from './end-egress.tsx';
import { LISTS, pageOf } from './resources.ts';
import { Screen } from './screen.tsx';
import { Outputs } from './stream-keys.tsx';

/** One recording, HLS stream or livestream, as it goes on and afterwards. */
export function EgressPage({ kind, id }: { kind: EgressKind; id: string }) {
  const { data, error, refetch } = useQuery(egress(kind, id));
  const { one, many } = EGRESS_WORDS[kind];
  const above = [{ name: many, to: LISTS[kind] }];
  if (data) return <Shown egress={data} above={above} />;
  const isGone = error instanceof ApiError && error.status === 404;
  return (
    <PageFrame title={one} above={above}>
      {isGone && <Alert color="gray">There is no such {lowered(one)}, or it has been deleted.</Alert>}
      {error && !isGone && <Failure error={error} retry={refetch} />}
    </PageFrame>
  );
}

function Shown({ egress, above }: { egress: EgressBody; above: { name: string; to: string }[] }) {
  const { kind, id, roomId, customRoomId, outputs } = egress;
  const [asked, setAsked] = useState<Asked>();
  const navigate = useNavigate();
  return (
    <PageFrame
      title={`${EGRESS_WORDS[kind].one} of ${customRoomId ?? roomId}`}
      badge={<EgressBadge {...egress} />}
      above={above}
      description={<Identifier value={id} label="id" />}
      actions={<Actions egress={egress} ask={setAsked} />}
    >
      {egress.reason && (
        <Alert color={egress.status === 'failed' ? 'red' : 'gray'} title={TROUBLE[egress.status] ?? 'Reason'}>
          <Text size="sm" style={{ overflowWrap: 'anywhere' }}>
            {egress.reason}
          </Text>
        </Alert>
      )}
      <Screen egress={egress} />
      <SimpleGrid cols={{ base: 1, md: 2 }} spacing="lg">
        <About egress={egress} />
        <Stack gap="lg">
          {kind === 'livestream' && <Outputs outputs={outputs} />}
          <Addresses egress={egress} />
          <Webhooks egress={egress} />
          <Gaps egress={egress} />
        </Stack>
      </SimpleGrid>
      <EndEgress
        asked={asked}
        onClose={() => setAsked(undefined)}
        onDeleted={() => void navigate({ to: LISTS[kind] })}
      />
    </PageFrame>
  );
}

const TROUBLE: Record<string, string> = { failed: 'It failed', aborted: 'It was called off' };

function Actions({ egress, ask }: { egress: EgressBody; ask: (asked: Asked) => void }) {
  const { kind, status, endedAt, recorded, pageUrl } = egress;
  return (
    <>
      {recorded && (
        <Button
          component="a"
          href={downloadUrl(recorded, egress.customRoomId ?? egress.roomId, egress.startedAt)}
          download
          leftSection={<IconDownload size={16} />}
        >
          Download
        </Button>
      )}
      {pageUrl && (
        <Button
          variant="default"
          component="a"
          href={pageUrl}
          target="_blank"
          rel="noreferrer"
          leftSection={<IconExternalLink size={16} />}
        >
          {kind === 'hls' ? 'Watch page' : 'Page for guests'}
        </Button>
      )}
      {endedAt === null && status !== 'stopping' && (
        <Button leftSection={<IconPlayerStop size={16} />} onClick={() => ask({ what: 'stop', egress })}>
          Stop
        </Button>
      )}
      {kind !== 'livestream' && endedAt !== null && (
        <Button variant="default" leftSection={<IconTrash size={16} />} onClick={() => ask({ what: 'delete', egress })}>
          Delete
        </Button>
      )}
    </>
  );
}

type Row = [label: string, value: ReactNode] | false;

function About({ egress }: { egress: EgressBody }) {
  const { roomId, customRoomId, sessionId, createdAt, startedAt, endedAt, queuePosition, recorded, file } = egress;
  const { kind, continues, continuedBy } = egress;
  const { templateUrl } = egress.config;
  const rows: Row[] = [
    [
      'Room',
      <Link key="room" to={pathTo('room', { roomId })} className={classes.textLink}>
        {customRoomId ?? roomId}
      </Link>,
    ],
    [
      'Session',
      <Link key="session" to={pathTo('session', { sessionId })} className={classes.textLink}>
        {sessionId}
      </Link>,
    ],
    queuePosition !== null && ['Waits', `place ${queuePosition} of those that wait for a free slot`],
    ['Asked for', dateTime(createdAt)],
    ['Began', startedAt === null ? 'not yet' : dateTime(startedAt)],
    continues !== null && ['Goes on for', <OtherPart key="before" kind={kind} id={continues} />],
    continuedBy !== null && ['Went on as', <OtherPart key="after" kind={kind} id={continuedBy.id} />],
    endedAt !== null && ['Ended', dateTime(endedAt)],
    startedAt !== null && [
      'Lasted',
      file ? duration(file.duration * 1000) : <Lasted key="lasted" from={startedAt} to={endedAt} />,
    ],
    file !== null && ['Size', bytes(file.size)],
    recorded !== null && ['File', fileInWords(recorded)],
    recorded !== null && ['Kept as', <Code key="key">{recorded.key}</Code>],
    ['Looks', looksInWords(egress.config)],
    Boolean(templateUrl) && ['Films', templateUrl],
  ];
  return (
    <Section title="About it">
      <DataList labelWidth="110px" withDivider gap="xs">
        {rows
          .filter((row) => row !== false)
          .map(([label, value]) => (
            <DataList.Item key={label}>
              <DataList.ItemLabel>{label}</DataList.ItemLabel>
              <DataList.ItemValue miw={0} style={{ overflowWrap: 'anywhere' }}>
                {value}
              </DataList.ItemValue>
            </DataList.Item>
          ))}
      </DataList>
    </Section>
  );
}

/** Where a node died, one goes on for another. */
function OtherPart(part: { kind: EgressKind; id: string }) {
  return (
    <Link to={pageOf(part)} className={classes.textLink}>
      {part.id}
    </Link>
  );
}

const STORAGES = { file: 'in the data folder', s3: 'in the object storage' };

function fileInWords({ format, width, height, storedIn }: NonNullable<EgressBody['recorded']>): string {
  const shape = width === null || height === null ? 'sound alone' : `${width} × ${height}`;
  const where = storedIn === null ? 'on its way to the storage' : STORAGES[storedIn];
  return `${format.toUpperCase()}, ${shape}, ${where}`;
}

/** Links to give away: whoever has one may watch. */
function Addresses({ egress: { hls, pageUrl, recorded } }: { egress: EgressBody }) {
  const absolute = (url: string) => new URL(url, location.origin).href;
  const links = [
    pageUrl && ['Page to watch it on', pageUrl],
    hls && ['Playlist from the beginning', absolute(hls.playbackHlsUrl)],
    hls && ['Playlist of the live edge', absolute(hls.livestreamUrl)],
    recorded && ['File', absolute(recorded.url)],
  ].filter(Boolean) as [string, string][];
  if (links.length === 0) return null;
  return (
    <Section title="Links" description="Whoever has one may watch, without signing in">
      <Stack gap="sm">
        {links.map(([label, url]) => (
          <div key={label}>
            <Text size="xs" fw={600} c="dimmed">
              {label}
            </Text>
            <Group gap={4} wrap="nowrap">
              <Text size="sm" truncate>
                {url}
              </Text>
              <Copy value={url} label={lowered(label)} />
            </Group>
          </div>
        ))}
      </Stack>
    </Section>
  );
}

function Webhooks({ egress: { webhook, webhookUrl, sessionId } }: { egress: EgressBody }) {
  const { totalCount, successCount } = webhook;
  return (
    <Section
      title="Webhooks"
      actions={
        totalCount > 0 && (
          <Link to={pathTo('webhooks')} search={{ sessionId } as never} className={classes.textLink}>
            <Text size="sm">All of the session</Text>
          </Link>
        )
      }
    >
      <Text size="sm" {...(totalCount === 0 && { c: 'dimmed' })}>
        {totalCount === 0 ? 'Nobody asked for its events.' : `${successCount} of ${totalCount} delivered.`}
      </Text>
      {webhookUrl && (
        <Text size="sm" mt={4} style={{ overflowWrap: 'anywhere' }}>
          Its own receiver: {webhookUrl}
        </Text>
      )}
    </Section>
  );
}

function Gaps({ egress: { gaps } }: { egress: EgressBody }) {
  if (gaps.length === 0) return null;
  return (
    <Section title="Gaps" description="Missing because the compositor had to be started anew">
      <Stack gap={4}>
        {gaps.map((gap) => (
          <Text size="sm" key={gap.at}>
            {gapInWords(gap)}
          </Text>
        ))}
      </Stack>
    </Section>
  );
}
