// As many people as one likes in a room, each with a camera and some with a voice, at next to no cost: a process of their
// own that sends clips (`test/crowd`).
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { resolve } from 'node:path';
import type { CrowdOrder, CrowdWord } from './crowd-words.ts';
import { mintToken } from './test-api.ts';

const MAIN = resolve(import.meta.dirname, '../crowd/main.ts');
const GATHER_TIMEOUT_MS = 60_000;

interface Server {
  httpUrl: string;
  apiKey: string;
  secret: string;
}

export class Crowd implements AsyncDisposable {
  /** The first ones have the voices. */
  readonly people: readonly { id: string; name: string }[];
  readonly #process: ChildProcess;

  private constructor(process: ChildProcess, people: CrowdOrder['people']) {
    this.#process = process;
    this.people = people;
  }

  /** Resolves when all of them are in the room and send. */
  static async gather(server: Server, roomId: string, size: { people: number; voices: number }): Promise<Crowd> {
    const people: CrowdOrder['people'] = [];
    for (let index = 0; index < size.people; index++) {
      const id = `crowd-${index}`;
      const token = await mintToken(server, { permissions: ['allow_join'], participantId: id });
      people.push({ id, name: nameOf(index), token, hasVoice: index < size.voices });
    }
    const crowd = new Crowd(fork(MAIN), people);
    crowd.#process.send({ serverUrl: server.httpUrl, roomId, people } satisfies CrowdOrder);
    try {
      await crowd.#gathered();
    } catch (error) {
      await crowd[Symbol.asyncDispose]();
      throw error;
    }
    return crowd;
  }

  get pid(): number {
    return this.#process.pid ?? 0;
  }

  /** Everybody leaves, and says so. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#process.exitCode !== null || this.#process.signalCode !== null) return;
    const exited = once(this.#process, 'exit');
    this.#process.disconnect();
    await exited;
  }

  async #gathered(): Promise<void> {
    const gone = new AbortController();
    this.#process.once('exit', () => gone.abort(new Error('the crowd died')));
    const signal = AbortSignal.any([gone.signal, AbortSignal.timeout(GATHER_TIMEOUT_MS)]);
    const [word] = (await once(this.#process, 'message', { signal })) as [CrowdWord];
    if (word.type === 'failed') throw new Error(`The crowd did not gather: ${word.reason}`);
  }
}

/** No name is the beginning of another one, as tiles are looked for by the beginning of their label. */
function nameOf(index: number): string {
  return `Person ${String(index + 1).padStart(2, '0')}`;
}
