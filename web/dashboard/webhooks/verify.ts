// Checks signatures of webhooks in the browser, as a receiver would: nothing that is pasted leaves the page.

/** What came of a check, in words. */
export interface Verdict {
  ok: boolean;
  why: string;
}

/** DER of what a public key of PKCS#1 lacks to be one that browsers import: the name of the algorithm. */
const RSA_ALGORITHM = [0x30, 0x0d, 0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01, 0x05, 0x00];
const TOLERANCE_S = 5 * 60;

/** The header `videosdk-signature`: RSA-SHA256 of the body's bytes. */
export async function verifyRsa(body: string, signature: string, publicKeyPem: string): Promise<Verdict> {
  const given = fromBase64(signature.trim());
  if (!given) return { ok: false, why: 'The signature is not base64.' };
  const key = await crypto.subtle.importKey(
    'spki',
    spkiOf(publicKeyPem),
    { name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-256' },
    false,
    ['verify'],
  );
  const ok = await crypto.subtle.verify('RSASSA-PKCS1-v1_5', key, given, new TextEncoder().encode(body));
  if (ok) return { ok, why: 'This server signed exactly this body.' };
  const tidy = reserialised(body);
  if (tidy !== undefined && tidy !== body && (await verifyRsa(tidy, signature, publicKeyPem)).ok) {
    return { ok, why: 'It matches once the body is JSON without added spaces: verify the bytes as they came.' };
  }
  return { ok, why: 'The signature does not belong to this body. Was it changed, or parsed and written again?' };
}

/** The headers of Standard Webhooks: HMAC-SHA256 of id, timestamp and body. */
export async function verifyStandard(
  message: { id: string; timestamp: string; body: string },
  signatures: string,
  secret: string,
  nowMs = Date.now(),
): Promise<Verdict> {
  const keyBytes = fromBase64(secret.trim().replace(/^whsec_/, ''));
  if (!keyBytes) return { ok: false, why: 'The secret is not one: it begins with whsec_ and goes on in base64.' };
  const key = await crypto.subtle.importKey('raw', keyBytes, { name: 'HMAC', hash: 'SHA-256' }, false, ['verify']);
  const signed = new TextEncoder().encode(`${message.id.trim()}.${message.timestamp.trim()}.${message.body}`);
  const results = signatures
    .trim()
    .split(/\s+/)
    .map(async (entry) => {
      const given = entry.startsWith('v1,') ? fromBase64(entry.slice(3)) : undefined;
      return given !== undefined && (await crypto.subtle.verify('HMAC', key, given, signed));
    });
  if (!(await Promise.all(results)).includes(true)) {
    return { ok: false, why: 'No signature belongs to this id, timestamp, body and secret.' };
  }
  const age = Math.abs(nowMs / 1000 - Number(message.timestamp));
  const old =
    age > TOLERANCE_S ? ' It is older than five minutes, which a receiver should refuse as a repetition.' : '';
  return { ok: true, why: `The signature is right.${old}` };
}

function spkiOf(pem: string): Uint8Array<ArrayBuffer> {
  const der = fromBase64(pem.replace(/-----[^-]+-----/g, '').replace(/\s+/g, '')) ?? new Uint8Array();
  if (!pem.includes('RSA PUBLIC KEY')) return der;
  return tagged(0x30, [...RSA_ALGORITHM, ...tagged(0x03, [0, ...der])]);
}

function tagged(tag: number, content: readonly number[]): Uint8Array<ArrayBuffer> {
  const { length } = content;
  const size = length < 0x80 ? [length] : length < 0x100 ? [0x81, length] : [0x82, length >> 8, length & 0xff];
  return Uint8Array.from([tag, ...size, ...content]);
}

function fromBase64(text: string): Uint8Array<ArrayBuffer> | undefined {
  try {
    return Uint8Array.from(atob(text), (char) => char.charCodeAt(0));
  } catch {
    return undefined;
  }
}

function reserialised(body: string): string | undefined {
  try {
    return JSON.stringify(JSON.parse(body));
  } catch {
    return undefined;
  }
}
