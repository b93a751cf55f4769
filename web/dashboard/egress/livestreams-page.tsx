import { EgressList } from './egress-list.tsx';

export function Page() {
  return (
    <EgressList
      kind="livestream"
      empty="Send a room that somebody is in to RTMP servers, such as those of video platforms, up to 16 at once."
    />
  );
}
