// The receiver of the webhook benchmark, in a process of its own: answers 200 to everything, and tells its parent the
// port and, when asked, when each event arrived.
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

const arrivals: [session: string, sequence: number, at: number][] = [];

const server = createServer((request, response) => {
  const pieces: Buffer[] = [];
  request.on('data', (piece: Buffer) => pieces.push(piece));
  request.on('end', () => {
    const at = Date.now();
    const { data } = JSON.parse(Buffer.concat(pieces).toString()) as { data: { sessionId: string } };
    arrivals.push([data.sessionId, Number(request.headers['webhook-sequence']), at]);
    response.end();
  });
});
server.listen(0, '127.0.0.1', () => process.send?.({ port: (server.address() as AddressInfo).port }));
process.on('message', () => process.send?.({ arrivals: arrivals.splice(0) }));
process.on('disconnect', () => process.exit());
