// What a crowd and whoever started it say to each other.

/** What the process is told to do. */
export interface CrowdOrder {
  serverUrl: string;
  roomId: string;
  people: { id: string; name: string; token: string; hasVoice: boolean }[];
}

/** What it says: that everybody is there and sends, or why not. */
export type CrowdWord = { type: 'gathered' } | { type: 'failed'; reason: string };
