import { EgressList } from './egress-list.tsx';

export function Page() {
  return (
    <EgressList
      kind="recording"
      empty="Record a room that somebody is in, or make rooms that record every session by themselves."
    />
  );
}
