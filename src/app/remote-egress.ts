// How app.ts lets one node compose the sessions of another: both ends of that, and the messages between them.

import type { Sessions } from '../egress/ports.ts';
import { ToFollower, ToHost } from '../egress/remote/messages.ts';
import { RemoteSessions, type RemoteSessionsDeps } from '../egress/remote/remote-sessions.ts';
import { SessionHost, type SessionHostDeps } from '../egress/remote/session-host.ts';
import { fits } from '../kit/validate.ts';
import type { Logger } from '../log.ts';
import type { Notification } from '../protocol/signaling.ts';
import type { NodeBus } from '../store/node-bus.ts';

export interface RemoteEgress {
  /** Sessions, wherever they live. */
  sessions: Sessions;
  host: SessionHost;
  /** Tells everybody in a session, wherever it lives. */
  tell(sessionId: string, notification: Notification): void;
  start(): Promise<void>;
  stop(): Promise<void>;
}

export function createRemoteEgress(
  deps: Omit<RemoteSessionsDeps, 'send'> &
    Omit<SessionHostDeps, 'send'> & { nodeId: string; bus: NodeBus; log: Logger },
): RemoteEgress {
  const { nodeId, bus, source, tell, log } = deps;
  const send = bus.send.bind(bus);
  const host = new SessionHost({ ...deps, send });
  const remote = new RemoteSessions({ ...deps, send });
  return {
    host,
    sessions: {
      open: async (sessionId, owner) => (owner === nodeId ? source(sessionId) : remote.open(sessionId, owner)),
      release: (sessionId) => remote.release(sessionId),
    },
    tell: (sessionId, notification) => {
      if (source(sessionId)) tell(sessionId, notification);
      else remote.tell(sessionId, notification);
    },
    start: () =>
      bus.listen((from, message) => {
        if (fits(ToHost, message)) host.receive(from, message);
        else if (fits(ToFollower, message)) remote.receive(from, message);
        else log.warn({ from }, 'message of an unknown kind from another node');
      }),
    stop: async () => {
      remote.close();
      await bus.close();
    },
  };
}
