// API keys: who may mint tokens. A key belongs to an owner; keys of one owner see the same rooms.
import { randomBytes } from 'node:crypto';
import { notFound } from '../errors.ts';
import { newApiKey, newApiSecret, newObjectId } from '../protocol/ids.ts';

export interface ApiKey {
  apiKey: string;
  secret: string;
  /** During a rotation: the secret before this one, which is good until then as well. */
  previousSecret: string | null;
  previousSecretUntil: Date | null;
  ownerId: string;
  name: string;
  /** Secret of the Standard Webhooks signature. */
  webhookSecret: string;
  /** Whether calls of the documented API take a token with a role. */
  rolesRequired: boolean;
  /** When a token without roles called the documented API last, to about a minute. */
  usedWithoutRolesAt: Date | null;
  disabledAt: Date | null;
  createdAt: Date;
}

/** Where keys are kept. Changes return the key, or undefined when there is no such key. */
export interface KeyStore {
  find(apiKey: string): Promise<ApiKey | undefined>;
  /** Oldest first. */
  list(): Promise<ApiKey[]>;
  insert(key: ApiKey): Promise<void>;
  /** Marks it disabled, keeping the time of the first call. */
  disable(apiKey: string, at: Date): Promise<ApiKey | undefined>;
  /** The secret until now becomes the previous one. */
  replaceSecret(apiKey: string, secret: string, previousUntil: Date): Promise<ApiKey | undefined>;
  endPreviousSecret(apiKey: string): Promise<ApiKey | undefined>;
  requireRoles(apiKey: string, required: boolean): Promise<ApiKey | undefined>;
  usedWithoutRoles(apiKey: string, at: Date): Promise<void>;
  /**
   * The oldest key that is not disabled, or `candidate`, stored now. With `named`, the key of the candidate's id, given
   * the candidate's secret. Two servers that start at once agree.
   */
  ensureFirst(candidate: ApiKey, named: boolean): Promise<{ key: ApiKey; created: boolean }>;
}

/** What a key may be made with. */
export interface NewKey {
  name?: string | undefined;
  ownerId?: string | undefined;
  rolesRequired?: boolean | undefined;
}

export class Keys {
  readonly #store: KeyStore;
  readonly #onChange: (apiKey: string) => void;

  /** `onChange` hears of every key that was changed through this object. */
  constructor(store: KeyStore, onChange: (apiKey: string) => void = () => undefined) {
    this.#store = store;
    this.#onChange = onChange;
  }

  /** All keys, oldest first, with their secrets. */
  list(): Promise<ApiKey[]> {
    return this.#store.list();
  }

  /** Makes a key: for the owner given, else for a new one who sees nothing of the others. */
  async create(options: NewKey = {}): Promise<ApiKey> {
    const key = newKey(options);
    await this.#store.insert(key);
    return key;
  }

  /** Ends a key for good; its tokens are refused within a second. */
  async disable(apiKey: string): Promise<ApiKey> {
    return this.#changed(apiKey, await this.#store.disable(apiKey, new Date()));
  }

  /**
   * Gives a key a new secret. The old one stays good for `keepSeconds`, so that programs can take the new one in turn;
   * one from a rotation before ends at once, and so does the old one without `keepSeconds`.
   */
  async rotate(apiKey: string, keepSeconds = 0): Promise<ApiKey> {
    const until = new Date(Date.now() + keepSeconds * 1000);
    return this.#changed(apiKey, await this.#store.replaceSecret(apiKey, newApiSecret(), until));
  }

  /** Ends a rotation: what is signed with the old secret is refused within a second. */
  async endPreviousSecret(apiKey: string): Promise<ApiKey> {
    return this.#changed(apiKey, await this.#store.endPreviousSecret(apiKey));
  }

  /** Says whether tokens without roles may call the documented API. */
  async requireRoles(apiKey: string, required: boolean): Promise<ApiKey> {
    return this.#changed(apiKey, await this.#store.requireRoles(apiKey, required));
  }

  /** Makes sure that there is a key to begin with: the one the operator gave, else the oldest, else a new one. */
  async ensureFirstKey(
    given?: { apiKey: string; secret: string } | undefined,
  ): Promise<{ apiKey: string; secret: string; ownerId: string; created: boolean }> {
    const candidate = { ...newKey({ name: 'First key' }), ...given };
    const { key, created } = await this.#store.ensureFirst(candidate, given !== undefined);
    this.#onChange(key.apiKey);
    return { apiKey: key.apiKey, secret: key.secret, ownerId: key.ownerId, created };
  }

  #changed(apiKey: string, key: ApiKey | undefined): ApiKey {
    if (!key) throw notFound('API key', apiKey);
    this.#onChange(apiKey);
    return key;
  }
}

/** The secrets of a key that are good now, the newest first: during a rotation there are two. */
export function validSecrets(key: Pick<ApiKey, 'secret' | 'previousSecret' | 'previousSecretUntil'>): string[] {
  const isRotating = (key.previousSecretUntil?.getTime() ?? 0) > Date.now();
  return key.previousSecret && isRotating ? [key.secret, key.previousSecret] : [key.secret];
}

function newKey({ name = 'API key', ownerId = newObjectId(), rolesRequired = false }: NewKey): ApiKey {
  return {
    apiKey: newApiKey(),
    secret: newApiSecret(),
    previousSecret: null,
    previousSecretUntil: null,
    ownerId,
    name,
    webhookSecret: `whsec_${randomBytes(24).toString('base64')}`,
    rolesRequired,
    usedWithoutRolesAt: null,
    disabledAt: null,
    createdAt: new Date(),
  };
}
