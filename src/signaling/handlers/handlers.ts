// Every request of the protocol and who handles it: a name without a handler does not compile.
import type { RequestName } from '../../protocol/signaling.ts';
import { egressHandlers } from './egress.ts';
import { entryHandlers } from './entry.ts';
import { meetingHandlers } from './meeting.ts';
import { receivingHandlers } from './receiving.ts';
import type { Handlers } from './reply.ts';
import { sendingHandlers } from './sending.ts';

export const HANDLERS: Handlers<RequestName> = {
  ...entryHandlers,
  ...sendingHandlers,
  ...receivingHandlers,
  ...meetingHandlers,
  ...egressHandlers,
};
