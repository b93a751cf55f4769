// Recordings, livestreams and HLS, as somebody in the meeting starts and stops them. The answer says that it was taken
// up; what becomes of it is told to everybody.
import { asEgressError } from '../../errors.ts';
import type { EgressKind } from '../../protocol/egress.ts';
import type { Connection } from '../connection.ts';
import type { Handlers } from './reply.ts';

async function start(connection: Connection, kind: EgressKind, wish: unknown): Promise<void> {
  const { room, joined, services } = connection;
  room.mustModerate(joined);
  await services.egress.start(room, kind, wish).catch((error) => {
    throw asEgressError(kind, 'start', error);
  });
}

async function stop(connection: Connection, kind: EgressKind): Promise<void> {
  const { room, joined, services } = connection;
  room.mustModerate(joined);
  await services.egress.stop(room, kind).catch((error) => {
    throw asEgressError(kind, 'stop', error);
  });
}

export const egressHandlers: Handlers<
  'startRecording' | 'stopRecording' | 'startLivestream' | 'stopLivestream' | 'startHls' | 'stopHls'
> = {
  startRecording: (connection, wish) => start(connection, 'recording', wish),
  stopRecording: (connection) => stop(connection, 'recording'),
  startLivestream: (connection, wish) => start(connection, 'livestream', wish),
  stopLivestream: (connection) => stop(connection, 'livestream'),
  startHls: (connection, wish) => start(connection, 'hls', wish),
  stopHls: (connection) => stop(connection, 'hls'),
};
