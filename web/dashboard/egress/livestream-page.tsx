import { useParams } from '@tanstack/react-router';
import { EgressPage } from './egress-page.tsx';

export function Page() {
  const { livestreamId = '' }: Record<string, string> = useParams({ strict: false });
  return <EgressPage kind="livestream" id={livestreamId} />;
}
