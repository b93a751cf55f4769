// The front door of remote egress, which lets one node compose the sessions of another.

import type { NodeMessages } from '../../cluster/ports.ts';
import { fits } from '../../kit/validate.ts';
import type { Logger } from '../../log.ts';
import type { Notification } from '../../protocol/signaling.ts';
import type { Sessions } from '../ports.ts';
import { ToFollower, ToHost } from './messages.ts';
import { RemoteSessions, type RemoteSessionsDeps } from './remote-sessions.ts';
import { SessionHost, type SessionHostDeps } from './session-host.ts';

export interface RemoteEgress {
  /** Sessions, wherever they live. */
  sessions: Sessions;
  host: SessionHost;
  /** Notifies everybody in a session, wherever it lives. */
  notify(sessionId: string, notification: Notification): void;
  start(): Promise<void>;
  stop(): Promise<void>;
}

export function createRemoteEgress(
  deps: Omit<RemoteSessionsDeps, 'send'> &
    Omit<SessionHostDeps, 'send'> & { nodeId: string; messages: NodeMessages; log: Logger },
): RemoteEgress {
  const { nodeId, messages, source, notify, log } = deps;
  const send = messages.send.bind(messages);
  const host = new SessionHost({ ...deps, send });
  const remote = new RemoteSessions({ ...deps, send });
  return {
    host,
    sessions: {
      open: async (sessionId, owner) => (owner === nodeId ? source(sessionId) : remote.open(sessionId, owner)),
      release: (sessionId) => remote.release(sessionId),
    },
    notify: (sessionId, notification) => {
      if (source(sessionId)) notify(sessionId, notification);
      else remote.notify(sessionId, notification);
    },
    start: () =>
      messages.listen((from, message) => {
        if (fits(ToHost, message)) host.receive(from, message);
        else if (fits(ToFollower, message)) remote.receive(from, message);
        else log.warn({ from }, 'message of an unknown kind from another node');
      }),
    stop: async () => {
      remote.close();
      await messages.close();
    },
  };
}
