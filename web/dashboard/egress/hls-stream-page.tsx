import { useParams } from '@tanstack/react-router';
import { EgressPage } from './egress-page.tsx';

export function Page() {
  const { hlsId = '' }: Record<string, string> = useParams({ strict: false });
  return <EgressPage kind="hls" id={hlsId} />;
}
