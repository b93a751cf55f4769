// Bytes to a port and what comes back, for what no HTTP client would send.
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { Duplex } from 'node:stream';
import { connect as connectTls } from 'node:tls';

/** The connection below one with TLS. */
const below = new WeakMap<Duplex, Socket>();

/** Opens a connection to a listener, with TLS where its address says so. */
export async function openRaw(address: string): Promise<Duplex> {
  const { protocol, hostname, port } = new URL(address);
  const tcp = connect({ host: hostname, port: Number(port) });
  tcp.on('error', () => undefined);
  await once(tcp, 'connect');
  if (protocol === 'http:') return tcp;
  // Behind a stream of its own, the connection can still be reset.
  const secure = connectTls({ socket: Duplex.from({ readable: tcp, writable: tcp }), rejectUnauthorized: false });
  secure.on('error', () => undefined);
  below.set(secure, tcp);
  await once(secure, 'secureConnect');
  return secure;
}

/** Sends bytes and returns all that comes until the other side closes. */
export async function exchange(address: string, bytes: string | Buffer): Promise<string> {
  const socket = await openRaw(address);
  let answer = '';
  socket.setEncoding('latin1');
  socket.on('data', (chunk: string) => {
    answer += chunk;
  });
  const ended = Promise.race([once(socket, 'end'), once(socket, 'close')]);
  socket.write(bytes);
  await ended;
  socket.destroy();
  return answer;
}

/** Ends a connection as a program that dies: with a reset instead of a goodbye. */
export async function reset(socket: Duplex): Promise<void> {
  const tcp = below.get(socket) ?? (socket as Socket);
  const closed = tcp.closed ? undefined : once(tcp, 'close');
  tcp.resetAndDestroy();
  socket.destroy();
  await closed;
}
