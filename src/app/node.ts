// This node among the others, with what it reports of its meetings and compositions, and the jobs that it takes.
import { Node } from '../cluster/node.ts';
import type { Config } from '../config/config.ts';
import { publicKeyHash } from '../http/certificate.ts';
import type { Logger } from '../log.ts';
import type { EgressParts } from './egress.ts';
import type { Infrastructure } from './infrastructure.ts';
import type { Urls } from './listeners.ts';
import type { Meetings } from './meetings.ts';

export function createNode(deps: {
  config: Config;
  infrastructure: Infrastructure;
  urls: Urls;
  tls: { cert: string } | undefined;
  meetings: Meetings;
  egressParts: EgressParts;
  onDrainChanged: () => void;
  log: Logger;
}): Node {
  const { config, urls, tls, onDrainChanged, log } = deps;
  const { nodeId, mailbox } = deps.infrastructure;
  const { liveRooms, liveStore, nodeStore, commands } = deps.meetings;
  const { egress, runner } = deps.egressParts;
  return new Node({
    node: {
      id: nodeId,
      publicUrl: urls.public,
      roles: config.roles,
      hasBrowser: config.egress.browser !== undefined,
      certificate: tls && publicKeyHash(tls),
    },
    membership: nodeStore,
    load: () => ({ people: liveRooms.counts.participants, freeSlots: runner.freeSlots }),
    takeJobs: () => mailbox.receive((job) => ('egressId' in job ? egress.handleCommand(job) : commands.handle(job))),
    endOwnSessions: () => liveRooms.endAll('node-stopped'),
    endLostSessions: (id, lastSeen) => liveStore.endLostSessions(id, lastSeen),
    onDrainChanged,
    log: log.child({ part: 'node', node: nodeId }),
  });
}
