// The jobs that nodes leave for each other: one vocabulary for those who send them and those who take them.
import { type Static, Type } from 'typebox';

const Text = Type.String({ maxLength: 256 });

/** For the node that a session lives on. */
export const SessionJob = Type.Union([
  Type.Object({ command: Type.Literal('auto-close'), sessionId: Text }),
  Type.Object({
    command: Type.Literal('end-session'),
    sessionId: Text,
    reason: Type.Enum(['ended-by-api', 'deactivated']),
  }),
  Type.Object({ command: Type.Literal('remove-participant'), sessionId: Text, participantId: Text }),
  Type.Object({
    command: Type.Literal('reconnect-timeout'),
    sessionId: Text,
    participantId: Text,
    disconnectedAt: Text,
  }),
]);
export type SessionJob = Static<typeof SessionJob>;

/** For the node that runs an egress or keeps its files, or, to continue one, for that of its session. */
export const EgressJob = Type.Object({
  command: Type.Enum(['start-egress', 'stop-egress', 'continue-egress', 'delete-egress']),
  egressId: Text,
});
export type EgressJob = Static<typeof EgressJob>;

export const Job = Type.Union([SessionJob, EgressJob]);
export type Job = Static<typeof Job>;
