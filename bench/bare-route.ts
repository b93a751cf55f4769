// What room creation is compared with: one Fastify route, one insert, nothing else.
import { randomUUID } from 'node:crypto';
import type { AddressInfo } from 'node:net';
import Fastify from 'fastify';
import { Pool } from 'pg';

const pool = new Pool({ connectionString: process.argv[2], max: 20 });
await pool.query(
  'create table if not exists bare_rooms (id text primary key, body jsonb, created_at timestamptz not null)',
);
const app = Fastify();
app.post('/rooms', async (request) => {
  const id = randomUUID();
  const { rows } = await pool.query('insert into bare_rooms values ($1, $2, now()) returning *', [id, request.body]);
  return rows[0];
});
await app.listen({ host: '127.0.0.1', port: 0 });
process.send?.({ port: (app.server.address() as AddressInfo).port });
process.once('disconnect', () => process.exit());
