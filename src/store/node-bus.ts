// Short messages from node to node through the database: no port to open, nobody else to trust. They arrive in order or,
// when either side has lost its connection, not at all; whoever sends them has to be able to begin anew.
import { randomBytes } from 'node:crypto';
import { sql } from 'kysely';
import { KeyedQueue } from '../kit/keyed-queue.ts';
import type { Logger } from '../log.ts';
import { ChannelListener } from './channel-listener.ts';
import type { Db } from './database.ts';

/** A notice takes 8,000 bytes; in base64 this many become less. */
const PIECE_BYTES = 5_000;
const MAX_PIECES = 400;
/** Messages that wait for a slow database; the next are lost, as they might be anyway. */
const MAX_WAITING = 1_000;
/** Pieces of a message arrive together; those that do not are lost. */
const MAX_UNFINISHED = 100;

type OnMessage = (from: string, body: unknown) => void;

export class NodeBus {
  readonly #db: Db;
  readonly #url: string;
  readonly #nodeId: string;
  readonly #log: Logger;
  /** By node, while something waits to be sent there. */
  readonly #queues = new KeyedQueue();
  readonly #unfinished = new Map<string, string[]>();
  #listener: ChannelListener | undefined;

  constructor(options: { db: Db; url: string; nodeId: string; log: Logger }) {
    this.#db = options.db;
    this.#url = options.url;
    this.#nodeId = options.nodeId;
    this.#log = options.log.child({ part: 'bus' });
  }

  async listen(onMessage: OnMessage): Promise<void> {
    this.#listener = await ChannelListener.open(this.#url, channelOf(this.#nodeId), (notice) => {
      if (notice === undefined) this.#unfinished.clear();
      else this.#take(notice, onMessage);
    });
  }

  async close(): Promise<void> {
    await this.#listener?.close();
  }

  /** Sends without waiting; what cannot be sent is lost, as the receiver might be. */
  send(to: string, body: unknown): void {
    if (this.#queues.waiting(to) >= MAX_WAITING) return;
    this.#queues
      .run(to, () => this.#send(to, body))
      .catch((error) => this.#log.warn({ err: error, to }, 'message not sent'));
  }

  async #send(to: string, body: unknown): Promise<void> {
    const bytes = Buffer.from(JSON.stringify(body));
    const id = randomBytes(6).toString('base64url');
    const count = Math.ceil(bytes.length / PIECE_BYTES);
    if (count > MAX_PIECES) throw new Error(`a message of ${bytes.length} bytes is too long`);
    const notices = Array.from({ length: count }, (_, index) => {
      const piece = bytes.subarray(index * PIECE_BYTES, (index + 1) * PIECE_BYTES);
      return `${this.#nodeId} ${id} ${index} ${count} ${piece.toString('base64')}`;
    });
    await sql`select pg_notify(${channelOf(to)}, notice) from unnest(${notices}::text[]) notice`.execute(this.#db);
  }

  #take(notice: string, onMessage: OnMessage): void {
    const [from = '', id = '', index, count, piece = ''] = notice.split(' ');
    const key = `${from} ${id}`;
    const pieces = this.#unfinished.get(key) ?? [];
    pieces[Number(index)] = piece;
    this.#unfinished.set(key, pieces);
    const [oldest] = this.#unfinished.keys();
    if (this.#unfinished.size > MAX_UNFINISHED && oldest !== undefined) this.#unfinished.delete(oldest);
    if (pieces.filter((it) => it !== undefined).length < Number(count)) return;
    this.#unfinished.delete(key);
    try {
      onMessage(from, JSON.parse(Buffer.concat(pieces.map((it) => Buffer.from(it, 'base64'))).toString()));
    } catch (error) {
      this.#log.warn({ err: error, from }, 'message not understood');
    }
  }
}

function channelOf(nodeId: string): string {
  return `roomful_node_${nodeId}`;
}
