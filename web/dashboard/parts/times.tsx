import { Text, type TextProps, Tooltip } from '@mantine/core';
import { useNow } from './clock.ts';
import { ago, dateTime, duration } from './format.ts';

/** How long ago, with the exact time behind it; the other way round where the time itself matters. */
export function Ago({ at, ...text }: { at: string | null | undefined } & TextProps) {
  const now = useNow(20_000);
  if (!at) return <Text {...text}>–</Text>;
  return (
    <Tooltip label={dateTime(at)} openDelay={200}>
      <Text component="time" dateTime={at} style={{ whiteSpace: 'nowrap' }} {...text}>
        {ago(Date.parse(at), now)}
      </Text>
    </Tooltip>
  );
}

/** How long something lasted, or has lasted until now. */
export function Lasted({ from, to }: { from: string; to: string | null }) {
  const now = useNow(1_000, to === null);
  return <>{duration((to === null ? now : Date.parse(to)) - Date.parse(from))}</>;
}
