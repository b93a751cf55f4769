import { Box, Button, Group, Loader, Progress, Stack, Text } from '@mantine/core';
import {
  IconAlertTriangle,
  IconCircleCheck,
  IconCircleDashed,
  IconCircleMinus,
  IconCircleX,
  IconStethoscope,
} from '@tabler/icons-react';
import { useMutation } from '@tanstack/react-query';
import { type ReactNode, useState } from 'react';
import type { CheckName, DoctorLine, Finding, Level } from '../../src/protocol/doctor.ts';
import { apiLines } from './api.ts';
import { plural } from './parts/format.ts';
import classes from './parts/parts.module.css';
import { Section } from './parts/section.tsx';
import { tell } from './parts/toasts.tsx';

const ICONS: Record<Level, { icon: ReactNode; word: string }> = {
  ok: { icon: <IconCircleCheck size={18} color="var(--mantine-color-teal-text)" />, word: 'Ok' },
  skipped: { icon: <IconCircleMinus size={18} color="var(--mantine-color-dimmed)" />, word: 'Skipped' },
  warning: { icon: <IconAlertTriangle size={18} color="var(--mantine-color-orange-text)" />, word: 'Warning' },
  failure: { icon: <IconCircleX size={18} color="var(--mantine-color-red-text)" />, word: 'Failure' },
};

/** What `roomful doctor` finds, from where the server is. */
export function Examination() {
  const [checks, setChecks] = useState<readonly CheckName[]>([]);
  const [findings, setFindings] = useState<ReadonlyMap<string, Finding>>(new Map());
  const examine = useMutation({
    mutationFn: () =>
      apiLines<DoctorLine>('/doctor', (line) => {
        if ('checks' in line) {
          setChecks(line.checks);
          setFindings(new Map());
        } else {
          setFindings((before) => new Map(before).set(line.finding.name, line.finding));
        }
      }),
    onError: tell.failed,
  });
  return (
    <Section
      title="Examination"
      description="Whether settings, database, certificate, ports, media and storage are as they should be"
      actions={
        <Button
          size="xs"
          leftSection={<IconStethoscope size={16} />}
          loading={examine.isPending}
          onClick={() => examine.mutate()}
        >
          {checks.length === 0 ? 'Examine' : 'Examine again'}
        </Button>
      }
    >
      {checks.length === 0 ? (
        <Text size="sm" c="dimmed">
          Takes some seconds, and disturbs nobody: a test file is written to the storage and deleted, and each program
          that the server needs is started once.
        </Text>
      ) : (
        <Stack gap="sm">
          <Summary {...{ checks, findings }} isRunning={examine.isPending} />
          <div>
            {checks.map((check) => (
              <Row key={check.name} check={check} finding={findings.get(check.name)} isRunning={examine.isPending} />
            ))}
          </div>
        </Stack>
      )}
    </Section>
  );
}

interface SummaryProps {
  checks: readonly CheckName[];
  findings: ReadonlyMap<string, Finding>;
  isRunning: boolean;
}

function Summary({ checks, findings, isRunning }: SummaryProps) {
  const count = (level: Level) => [...findings.values()].filter((finding) => finding.level === level).length;
  const [warnings, failures] = [count('warning'), count('failure')];
  if (isRunning) {
    return (
      <div>
        <Text size="sm" mb={6} role="status">
          {findings.size} of {checks.length} examined
        </Text>
        <Progress value={(100 * findings.size) / checks.length} aria-label="Progress of the examination" />
      </div>
    );
  }
  if (findings.size < checks.length) {
    return (
      <Text size="sm" fw={600} role="status" c="var(--mantine-color-red-text)">
        The examination broke off after {findings.size} of {checks.length}.
      </Text>
    );
  }
  const words = [
    failures > 0 && plural(failures, 'failure'),
    warnings > 0 && plural(warnings, 'warning'),
    failures + warnings === 0 && 'Nothing is wrong',
  ].filter((part) => part !== false);
  return (
    <Text size="sm" fw={600} role="status" {...(failures > 0 && { c: 'var(--mantine-color-red-text)' })}>
      {words.join(', ')}.
    </Text>
  );
}

function Row({ check, finding, isRunning }: { check: CheckName; finding: Finding | undefined; isRunning: boolean }) {
  const { icon, word } = finding ? ICONS[finding.level] : { icon: <Waiting isRunning={isRunning} />, word: 'Waiting' };
  return (
    <Group className={classes.setting} gap="sm" align="flex-start" wrap="nowrap">
      <Box role="img" aria-label={word} lh={0} pt={2}>
        {icon}
      </Box>
      <Box miw={0}>
        <Text size="sm" fw={600}>
          {check.title}
        </Text>
        {finding && (
          <Text size="sm" c="dimmed" style={{ overflowWrap: 'anywhere' }}>
            {finding.found}
          </Text>
        )}
        {finding?.advice && (
          <Text size="sm" style={{ overflowWrap: 'anywhere' }}>
            {finding.advice}
          </Text>
        )}
      </Box>
    </Group>
  );
}

function Waiting({ isRunning }: { isRunning: boolean }) {
  return isRunning ? <Loader size={18} /> : <IconCircleDashed size={18} color="var(--mantine-color-dimmed)" />;
}
