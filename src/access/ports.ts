// What access needs from the rest of the server: where API keys and sign-ins to the dashboard are kept.

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

/** A sign-in to the dashboard, with the API key that it was made with. */
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

export interface SignInStore {
  insert(signIn: { tokenHash: string; apiKey: string; secretHash: string; at: Date }): Promise<void>;
  find(tokenHash: string): Promise<StoredSignIn | undefined>;
  touch(tokenHash: string, at: Date): Promise<void>;
  /** Lets a sign-in outlive the new secret that was made in it. */
  renew(tokenHash: string, secretHash: string): Promise<void>;
  remove(tokenHash: string): Promise<void>;
  removeUnusedSince(time: Date): Promise<void>;
}
