import { EgressList } from './egress-list.tsx';

export function Page() {
  return (
    <EgressList kind="recording" empty="Record a live room, or make rooms that record every session by themselves." />
  );
}
