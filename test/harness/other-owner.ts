// Somebody else on the same server, with a key and rooms of their own.
import { type ApiKey, Keys } from '../../src/access/keys.ts';
import { KeyStore } from '../../src/store/key-store.ts';
import { mintToken } from './test-api.ts';
import type { TestApp } from './test-app.ts';

export interface OtherOwner {
  key: ApiKey;
  token(): Promise<string>;
  createRoom(body?: object): Promise<string>;
}

export async function otherOwner(server: TestApp): Promise<OtherOwner> {
  const key = await new Keys(new KeyStore(server.database.db)).create({ name: 'Somebody else' });
  const token = () => mintToken(key);
  return {
    key,
    token,
    async createRoom(body = {}) {
      const headers = { authorization: await token(), 'content-type': 'application/json' };
      const answer = await fetch(`${server.app.httpUrl}/v2/rooms`, {
        method: 'POST',
        headers,
        body: JSON.stringify(body),
      });
      return ((await answer.json()) as { roomId: string }).roomId;
    },
  };
}
