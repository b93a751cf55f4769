import { createHash } from 'node:crypto';

/** SHA-256 of a token, in base64url: tells whether two tokens are the same without keeping either. */
export function hashToken(token: string): string {
  return createHash('sha256').update(token).digest('base64url');
}
