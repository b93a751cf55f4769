import { EgressList } from './egress-list.tsx';

export function Page() {
  return (
    <EgressList
      kind="hls"
      empty="Stream a room that somebody is in to any number of viewers, each with a page to watch it on."
    />
  );
}
