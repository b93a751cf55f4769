// Getting in, joining, going to another room, and leaving.
import { badRequest } from '../../errors.ts';
import { type RequestData, toMode } from '../../protocol/signaling.ts';
import type { LiveRoom } from '../../rooms/live-room.ts';
import type { Participant } from '../../rooms/participant.ts';
import type { Connection } from '../connection.ts';
import { type Handlers, Reply } from './reply.ts';

function modeOf(text: string | undefined, otherwise: Connection['mode']): Connection['mode'] {
  const mode = text === undefined ? otherwise : toMode(text);
  if (!mode)
    throw badRequest('INVALID_MODE', `Mode ${text} is unknown: use SEND_AND_RECV, RECV_ONLY or SIGNALLING_ONLY.`);
  return mode;
}

async function joinRoom(connection: Connection, room: LiveRoom, who: Participant, data: RequestData<'join'>) {
  const peers = await room.join(who, {
    displayName: data.displayName ?? who.name,
    rtpCapabilities: data.rtpCapabilities ?? { codecs: [], headerExtensions: [] },
    deviceInfo: data.deviceInfo,
    metaData: data.metaData ?? {},
    autoConsume: data.autoConsume ?? true,
    mode: modeOf(data.mode, connection.mode),
  });
  const pubSubUrl = connection.services.pubsubUrl(room, who);
  return { peers, messages: [], pubSubUrl, reconnectSecret: who.reconnectSecret };
}

export const entryHandlers: Handlers<
  | 'requestEntry'
  | 'respondEntry'
  | 'join'
  | 'switchToMeeting'
  | 'switchPeerRoom'
  | 'definePeerLeftReason'
  | 'changeMode'
  | 'changeDisplayName'
> = {
  async requestEntry(connection, { name, reconnectSecret }) {
    const { room, participant } = await connection.enter(name ?? connection.peerId, reconnectSecret);
    return new Reply({}, () => {
      if (room.isAdmitted(participant)) room.tellDecision(participant, 'allowed');
    });
  },

  respondEntry(connection, { id, decision }) {
    connection.room.decide(connection.joined, id, decision);
  },

  async join(connection, data) {
    if (data.switchingRoom && connection.switching) {
      const { room, participant } = connection.switching;
      const answer = await joinRoom(connection, room, participant, data);
      // Consumers of the old room are gone with it; the streams that are sent come along.
      await connection.completeSwitch();
      return new Reply(answer, () => room.begin(participant));
    }
    const { room, participant } = connection;
    const answer = await joinRoom(connection, room, participant, data);
    return new Reply(answer, () => room.begin(participant));
  },

  async switchToMeeting(connection, { meetingId, participantId, secret }) {
    const { room, participant } = await connection.switchTo({
      meetingId,
      id: participantId ?? connection.peerId,
      secret,
    });
    return new Reply({}, () => {
      if (room.isAdmitted(participant)) room.tellDecision(participant, 'allowed');
    });
  },

  switchPeerRoom(connection, { roomId, peerId, payload, token }) {
    connection.room.askToSwitch(connection.joined, peerId, { roomId, payload, token });
  },

  definePeerLeftReason(connection, { leaveReason }) {
    connection.defineLeaveReason(leaveReason);
  },

  async changeMode(connection, data) {
    const { room, joined } = connection;
    await room.changeMode(joined, modeOf(data.mode, joined.mode));
    return new Reply({}, () => room.receive(joined));
  },

  async changeDisplayName(connection, { displayName }) {
    await connection.room.rename(connection.joined, displayName);
  },
};
