// What checks are handed to look at.

export interface DatabaseFacts {
  version: string;
  /** Of the server, such as 180004. */
  versionNumber: number;
  /** Of a round trip: the median of some. */
  latencyMs: number;
  /** How far its clock is ahead of ours. */
  skewMs: number;
  freeConnections: number;
  /** Migrations of this version that it has not had, and those it has had that this version does not know. */
  pending: string[];
  unknown: string[];
  /** Private key that webhooks are signed with, as PEM. */
  signingKey: string | undefined;
  /** Keys that called the REST API with tokens without roles in the last 30 days. */
  keysWithoutRoles: { apiKey: string; name: string; usedAt: Date }[];
}

/** Returns undefined where there is no database yet: the first start makes the embedded one. */
export type InspectDatabase = () => Promise<DatabaseFacts | undefined>;
