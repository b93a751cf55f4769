// Identifiers as they appear on the wire, in the tables and in the log.
import { randomBytes, randomInt, randomUUID } from 'node:crypto';

/** Alphabet of generated room and participant ids: lower-case letters and digits. */
const ALPHABET = 'abcdefghijklmnopqrstuvwxyz0123456789';

function randomText(length: number): string {
  let text = '';
  for (let i = 0; i < length; i++) text += ALPHABET[randomInt(ALPHABET.length)];
  return text;
}

/** A new object id: 24 lower-case hex digits, the first 8 of them the creation time in seconds. */
export function newObjectId(now: Date = new Date()): string {
  const seconds = Math.floor(now.getTime() / 1000);
  return seconds.toString(16).padStart(8, '0') + randomBytes(8).toString('hex');
}

/** Whether a text has the form of an object id. */
export function isObjectId(text: string): boolean {
  return /^[0-9a-f]{24}$/.test(text);
}

/** Whether a text has the form of a room id. */
export function isRoomId(text: string): boolean {
  return /^[a-z0-9]{4}-[a-z0-9]{4}-[a-z0-9]{4}$/.test(text);
}

/** A new room id, `xxxx-xxxx-xxxx`, from a CSPRNG (62 bits). */
export function newRoomId(): string {
  return `${randomText(4)}-${randomText(4)}-${randomText(4)}`;
}

/** A new participant id, for somebody who brings none: 12 letters and digits (62 bits). */
export function newParticipantId(): string {
  return randomText(12);
}

/** A new id for a page that records a meeting and joins it unseen; nobody can guess it (128 bits). */
export function newObserverId(): string {
  return `recorder-${randomBytes(16).toString('hex')}`;
}

/** Ids of this form are let in only while the recording that they were made for runs. */
export function isObserverId(participantId: string): boolean {
  return /^recorder-[0-9a-f]{32}$/.test(participantId);
}

/** A new API key: a version 4 UUID. */
export function newApiKey(): string {
  return randomUUID();
}

/** A new API secret: 64 hex digits (256 bits). */
export function newApiSecret(): string {
  return randomBytes(32).toString('hex');
}
