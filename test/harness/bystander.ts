// A meeting of another owner, whose media has to go on whatever is done to the server beside it.
import { expect } from 'vitest';
import { Crowd } from './crowd.ts';
import { otherOwner } from './other-owner.ts';
import { RawClient } from './raw-client.ts';
import type { TestApp } from './test-app.ts';

export class Bystander implements AsyncDisposable {
  readonly #client: RawClient;
  readonly #cleanUp: AsyncDisposableStack;

  private constructor(client: RawClient, cleanUp: AsyncDisposableStack) {
    this.#client = client;
    this.#cleanUp = cleanUp;
  }

  static async join(server: TestApp): Promise<Bystander> {
    await using building = new AsyncDisposableStack();
    const owner = await otherOwner(server);
    const roomId = await owner.createRoom();
    const httpUrl = String(server.app.httpUrl);
    building.use(await Crowd.gather({ httpUrl, ...owner.key }, roomId, { people: 1, voices: 1 }));
    const who = { roomId, peerId: 'bystander', secret: await owner.token() };
    const client = building.adopt(await RawClient.join(httpUrl, who), (it) => it.close());
    return new Bystander(client, building.move());
  }

  /** Bytes that the server has received from the other participant so far; NaN when it does not say. */
  async receivedBytes(): Promise<number> {
    const { send } = (await this.#client.request('getTransportStats', { peerId: 'crowd-0' })) as {
      send?: { stats: { sendBytes: number } };
    };
    return send?.stats.sendBytes ?? Number.NaN;
  }

  /** Resolves when more media has arrived than before. */
  async mediaFlows(): Promise<void> {
    const before = await this.receivedBytes();
    await expect.poll(() => this.receivedBytes(), { timeout: 10_000 }).toBeGreaterThan(before);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#cleanUp.disposeAsync();
  }
}
