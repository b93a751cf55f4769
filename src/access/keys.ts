// API keys: who may mint tokens. A key belongs to an owner; keys of one owner see the same rooms.
import { randomBytes } from 'node:crypto';
import { notFound } from '../errors.ts';
import { newApiKey, newApiSecret, newObjectId } from '../protocol/ids.ts';

export interface ApiKey {
  apiKey: string;
  secret: string;
  ownerId: string;
  name: string;
  /** Secret of the Standard Webhooks signature. */
  webhookSecret: string;
  disabledAt: Date | null;
  createdAt: Date;
}

/** Where keys are kept. */
export interface KeyStore {
  find(apiKey: string): Promise<ApiKey | undefined>;
  /** Oldest first. */
  list(): Promise<ApiKey[]>;
  insert(key: ApiKey): Promise<void>;
  /** Marks it disabled, keeping the time of the first call; undefined when there is no such key. */
  disable(apiKey: string, at: Date): Promise<ApiKey | undefined>;
  replaceSecret(apiKey: string, secret: string): Promise<ApiKey | undefined>;
  /**
   * The oldest key that is not disabled, or `candidate`, stored now. With `named`, the key of the candidate's id, given
   * the candidate's secret. Two servers that start at once agree.
   */
  ensureFirst(candidate: ApiKey, named: boolean): Promise<{ key: ApiKey; created: boolean }>;
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
  async create(wish: { name?: string | undefined; ownerId?: string | undefined } = {}): Promise<ApiKey> {
    const key = newKey(wish);
    await this.#store.insert(key);
    return key;
  }

  /** Ends a key for good; its tokens are refused within a second. */
  async disable(apiKey: string): Promise<ApiKey> {
    return this.#changed(apiKey, await this.#store.disable(apiKey, new Date()));
  }

  /** Gives a key a new secret; tokens signed with the old one are refused within a second. */
  async rotate(apiKey: string): Promise<ApiKey> {
    return this.#changed(apiKey, await this.#store.replaceSecret(apiKey, newApiSecret()));
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

function newKey({
  name = 'API key',
  ownerId = newObjectId(),
}: {
  name?: string | undefined;
  ownerId?: string | undefined;
}): ApiKey {
  return {
    apiKey: newApiKey(),
    secret: newApiSecret(),
    ownerId,
    name,
    webhookSecret: `whsec_${randomBytes(24).toString('base64')}`,
    disabledAt: null,
    createdAt: new Date(),
  };
}
