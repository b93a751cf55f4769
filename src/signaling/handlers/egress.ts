// Recordings, livestreams and HLS, started and stopped by a participant. The answer says that the request was accepted;
// everybody in the meeting is notified of what follows.
import { asEgressError } from '../../errors.ts';
import type { EgressKind } from '../../protocol/egress.ts';
import type { Connection } from '../connection.ts';
import type { Handlers } from './reply.ts';

async function start(connection: Connection, kind: EgressKind, options: unknown): Promise<void> {
  const { room, joined, services } = connection;
  room.moderation.requireModerator(joined);
  await services.egress.start(room, kind, options).catch((error) => {
    throw asEgressError(kind, 'start', error);
  });
}

async function stop(connection: Connection, kind: EgressKind): Promise<void> {
  const { room, joined, services } = connection;
  room.moderation.requireModerator(joined);
  await services.egress.stop(room, kind).catch((error) => {
    throw asEgressError(kind, 'stop', error);
  });
}

export const egressHandlers: Handlers<
  'startRecording' | 'stopRecording' | 'startLivestream' | 'stopLivestream' | 'startHls' | 'stopHls'
> = {
  startRecording: (connection, options) => start(connection, 'recording', options),
  stopRecording: (connection) => stop(connection, 'recording'),
  startLivestream: (connection, options) => start(connection, 'livestream', options),
  stopLivestream: (connection) => stop(connection, 'livestream'),
  startHls: (connection, options) => start(connection, 'hls', options),
  stopHls: (connection) => stop(connection, 'hls'),
};
