// Sign-ins to the dashboard in the table `dashboard_sign_ins`.
import { sql } from 'kysely';
import type { Db } from './database.ts';

export interface StoredSignIn {
  apiKey: string;
  ownerId: string;
  /** The key's secret as it is now. */
  secret: string;
  /** The one before it, which is good until then. */
  previousSecret: string | null;
  previousSecretUntil: Date | null;
  /** Hash of the secret that the sign-in was made with. */
  secretHash: string;
  keyDisabled: boolean;
  createdAt: Date;
  usedAt: Date;
}

export class SignInStore {
  readonly #db: Db;

  constructor(db: Db) {
    this.#db = db;
  }

  async insert(signIn: { tokenHash: string; apiKey: string; secretHash: string; at: Date }): Promise<void> {
    const { tokenHash, apiKey, secretHash, at } = signIn;
    await this.#db
      .insertInto('dashboard_sign_ins')
      .values({ token_hash: tokenHash, api_key: apiKey, secret_hash: secretHash, created_at: at, used_at: at })
      .execute();
  }

  async find(tokenHash: string): Promise<StoredSignIn | undefined> {
    const { rows } = await sql<StoredSignIn>`
      select api_key as "apiKey", owner_id as "ownerId", secret, previous_secret as "previousSecret",
        previous_secret_until as "previousSecretUntil", secret_hash as "secretHash",
        disabled_at is not null as "keyDisabled", s.created_at as "createdAt", used_at as "usedAt"
      from dashboard_sign_ins s join api_keys using (api_key) where token_hash = ${tokenHash}`.execute(this.#db);
    return rows[0];
  }

  async touch(tokenHash: string, at: Date): Promise<void> {
    await this.#db.updateTable('dashboard_sign_ins').set({ used_at: at }).where('token_hash', '=', tokenHash).execute();
  }

  /** Lets a sign-in outlive the new secret that was made in it. */
  async renew(tokenHash: string, secretHash: string): Promise<void> {
    await this.#db
      .updateTable('dashboard_sign_ins')
      .set({ secret_hash: secretHash })
      .where('token_hash', '=', tokenHash)
      .execute();
  }

  async remove(tokenHash: string): Promise<void> {
    await this.#db.deleteFrom('dashboard_sign_ins').where('token_hash', '=', tokenHash).execute();
  }

  async removeUnusedSince(time: Date): Promise<void> {
    await this.#db.deleteFrom('dashboard_sign_ins').where('used_at', '<', time).execute();
  }
}
