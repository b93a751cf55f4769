import { Button, Group, RangeSlider, Stack, Text, Tooltip } from '@mantine/core';
import { Link } from '@tanstack/react-router';
import { type ReactNode, useState } from 'react';
import type { EgressRow, TimelineBody, TimelineParticipant } from '../../../src/protocol/rest/dashboard.ts';
import { pageOf } from '../egress/resources.ts';
import { clock, duration, plural } from '../parts/format.ts';
import parts from '../parts/parts.module.css';
import { EGRESS_WORDS, egressState, leaveReason, MEDIA_WORDS } from '../words.ts';
import classes from './timeline.module.css';
import { type Bar, egressSpans, marks, position, presentMs, ticks, toBar, type View } from './timeline-layout.ts';

const LANES = ['mic', 'webcam', 'screenShare'] as const;
const SHOWN_AT_FIRST = 40;
const MIN_LENGTH_MS = 5_000;
const SLIDER_STEPS = 1_000;

/** Who was there when, what they sent, and what the backend was told, on one axis of time. */
export function Timeline({ session, now }: { session: TimelineBody; now: number }) {
  const [window, setWindow] = useState<[number, number]>([0, SLIDER_STEPS]);
  const [all, setAll] = useState(false);
  const whole = wholeView(session, now);
  const view = part(whole, window);
  const isZoomed = window[0] > 0 || window[1] < SLIDER_STEPS;
  const shown = all ? session.participants : session.participants.slice(0, SHOWN_AT_FIRST);
  return (
    <Stack gap="sm">
      <Legend withEgresses={session.egresses.length > 0} />
      <div className={classes.timeline}>
        <Axis view={view} />
        <Events session={session} view={view} />
        {session.egresses.map((egress) => (
          <EgressLane key={egress.id} egress={egress} view={view} now={now} />
        ))}
        {shown.map((participant) => (
          <Row key={participant.id} participant={participant} view={view} now={now} />
        ))}
      </div>
      {shown.length < session.participants.length && (
        <Button variant="default" size="xs" onClick={() => setAll(true)}>
          Show all {session.participants.length}
        </Button>
      )}
      <Group gap="md" wrap="nowrap">
        <Text size="xs" c="dimmed" className={classes.zoomLabel}>
          Shown
        </Text>
        <RangeSlider
          flex={1}
          size="sm"
          min={0}
          max={SLIDER_STEPS}
          minRange={20}
          label={(value) => clock(whole.from + ((whole.to - whole.from) * value) / SLIDER_STEPS)}
          value={window}
          onChange={setWindow}
          thumbFromLabel="Begin of what is shown"
          thumbToLabel="End of what is shown"
        />
        <Button size="compact-xs" variant="subtle" disabled={!isZoomed} onClick={() => setWindow([0, SLIDER_STEPS])}>
          All of it
        </Button>
      </Group>
    </Stack>
  );
}

function wholeView({ startedAt, endedAt }: TimelineBody, now: number): View {
  const from = Date.parse(startedAt);
  const to = endedAt === null ? now : Date.parse(endedAt);
  return { from, to: Math.max(to, from + MIN_LENGTH_MS) };
}

function part({ from, to }: View, [first, last]: [number, number]): View {
  const length = to - from;
  return { from: from + (length * first) / SLIDER_STEPS, to: from + (length * last) / SLIDER_STEPS };
}

function Legend({ withEgresses }: { withEgresses: boolean }) {
  const items = [
    ['stay', 'There'],
    ['mic', 'Microphone'],
    ['webcam', 'Camera'],
    ['screenShare', 'Screen'],
    ['mode', 'Mode changed'],
    ['event', 'Event'],
    ...(withEgresses ? [['egress', 'Recording or stream']] : []),
  ];
  return (
    <Group gap="md" aria-hidden>
      {items.map(([kind, word]) => (
        <Group key={kind} gap={6}>
          <span className={classes.swatch} data-kind={kind} />
          <Text size="xs" c="dimmed">
            {word}
          </Text>
        </Group>
      ))}
    </Group>
  );
}

export function Axis({ view }: { view: View }) {
  const withSeconds = view.to - view.from < 15 * 60_000;
  return (
    <div className={classes.row} aria-hidden>
      <div className={classes.name} />
      <div className={classes.axis}>
        {ticks(view, 6).map((tick) => (
          <span key={tick} className={classes.tick} style={{ left: `${position(tick, view)}%` }}>
            {clock(tick, withSeconds)}
          </span>
        ))}
      </div>
    </div>
  );
}

const STATE_WORDS = { dead: 'given up', pending: 'on its way', delivered: 'accepted', unsent: 'nobody subscribed' };

function Events({ session, view }: { session: TimelineBody; view: View }) {
  return (
    <div className={classes.row}>
      <div className={classes.name}>
        <Text size="sm" c="dimmed">
          Events
        </Text>
      </div>
      <div className={classes.lane} data-kind="events">
        {marks(session.events, view).map(({ left, events, state }) => (
          <Hint
            key={events[0]?.id}
            label={
              <>
                {events.slice(0, 6).map((event) => (
                  <div key={event.id}>
                    {clock(Date.parse(event.at))} {event.type}
                  </div>
                ))}
                {events.length > 6 && <div>and {events.length - 6} more</div>}
                <div>Webhook: {STATE_WORDS[state]}</div>
              </>
            }
          >
            <a
              href={`#event-${events[0]?.id}`}
              className={classes.mark}
              data-state={state}
              style={{ left: `${left}%` }}
              aria-label={`${plural(events.length, 'event')} from ${events[0]?.type}, webhook ${STATE_WORDS[state]}`}
            >
              {events.length > 1 ? events.length : ''}
            </a>
          </Hint>
        ))}
      </div>
    </div>
  );
}

/** When a recording or stream waited, ran and was interrupted. */
function EgressLane({ egress, view, now }: { egress: EgressRow; view: View; now: number }) {
  const { kind, status, startedAt, endedAt, createdAt, reason, gaps } = egress;
  const state = egressState(kind, status);
  const from = Date.parse(startedAt ?? createdAt);
  const lasted = duration((endedAt === null ? now : Date.parse(endedAt)) - from);
  const summary = `${EGRESS_WORDS[kind].one}, ${state.toLowerCase()}: ${startedAt === null ? 'did not begin' : lasted}${
    gaps.length > 0 ? `, ${plural(gaps.length, 'gap')}` : ''
  }`;
  return (
    <div className={classes.row}>
      <div className={classes.name}>
        <Link to={pageOf(egress)} className={parts.rowLink}>
          <Text size="sm" fw={550} truncate span>
            {EGRESS_WORDS[kind].one}
          </Text>
        </Link>
        <Text size="xs" c={EGRESS_TEXT[status] ?? 'dimmed'} truncate>
          {state}
        </Text>
      </div>
      <div className={classes.lane} data-kind="egress" role="img" aria-label={summary}>
        {egressSpans(egress).map((span) => {
          const bar = toBar(span.kind + span.start, span, view, now);
          if (!bar) return null;
          const label =
            span.kind === 'ran' ? `${state} ${times(bar, now)}` : `${EGRESS_SPANS[span.kind]} ${times(bar, now)}`;
          return (
            <Span
              key={bar.key}
              bar={bar}
              kind={`egress-${span.kind}`}
              label={reason && status === 'failed' ? `${label}. ${reason}` : label}
              state={status}
            />
          );
        })}
      </div>
    </div>
  );
}

const EGRESS_SPANS = { waited: 'Waited', gap: 'Interrupted' };
const EGRESS_TEXT: Record<string, string> = {
  active: 'var(--mantine-color-teal-text)',
  failed: 'var(--mantine-color-red-text)',
};

function Row({ participant, view, now }: { participant: TimelineParticipant; view: View; now: number }) {
  const { stays, media, modes, name, participantId } = participant;
  const isThere = stays.some(({ end }) => end === null);
  const summary = `${name}: there for ${duration(presentMs(participant, now))} in ${plural(stays.length, 'stay')}`;
  return (
    <div className={classes.row}>
      <div className={classes.name}>
        <Text size="sm" fw={550} truncate title={name}>
          {name || participantId}
        </Text>
        <Text size="xs" c={isThere ? 'var(--mantine-color-teal-text)' : 'dimmed'} truncate>
          {isThere ? 'there now' : duration(presentMs(participant, now))}
        </Text>
      </div>
      <div className={classes.lane} role="img" aria-label={summary}>
        {stays.map((stay, index) => {
          const bar = toBar(`${index}`, stay, view, now);
          if (!bar) return null;
          const left = stay.end === null ? 'still there' : leaveReason(stay.leaveCode);
          return <Span key={bar.key} bar={bar} kind="stay" label={`There ${times(bar, now)}. ${left}`} />;
        })}
        {LANES.map((kind) =>
          media
            .filter((span) => span.kind === kind || (kind === 'screenShare' && span.kind === 'screenShareAudio'))
            .map((span, index) => {
              const bar = toBar(`${kind}${index}`, span, view, now);
              return (
                bar && (
                  <Span
                    key={bar.key}
                    bar={bar}
                    kind={span.kind}
                    label={`${MEDIA_WORDS[span.kind]} ${times(bar, now)}`}
                  />
                )
              );
            }),
        )}
        {modes.slice(1).map(({ mode, at }) => {
          const left = position(Date.parse(at), view);
          if (left < 0 || left > 100) return null;
          return (
            <Hint key={at} label={`${clock(Date.parse(at))} mode ${mode}`}>
              <span className={classes.mode} style={{ left: `${left}%` }} />
            </Hint>
          );
        })}
      </div>
    </div>
  );
}

function Span({ bar, kind, label, state }: { bar: Bar; kind: string; label: string; state?: string }) {
  return (
    <Hint label={label}>
      <span
        className={classes.span}
        data-kind={kind}
        data-state={state}
        data-lasting={bar.end === null || undefined}
        style={{ left: `${bar.left}%`, width: `${bar.width}%` }}
      />
    </Hint>
  );
}

function Hint({ label, children }: { label: ReactNode; children: ReactNode }) {
  return (
    <Tooltip.Floating label={label} position="top">
      {children}
    </Tooltip.Floating>
  );
}

function times({ start, end }: Bar, now: number): string {
  return `${clock(start)} – ${end === null ? 'now' : clock(end)} (${duration((end ?? now) - start)})`;
}
