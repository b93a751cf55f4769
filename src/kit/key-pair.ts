// Whether a certificate and a private key can serve TLS together.
import { createPrivateKey, X509Certificate } from 'node:crypto';

/** What is wrong with the PEM texts; undefined when they fit. */
export function keyPairProblem(cert: string, key: string): { which: 'cert' | 'key'; wanted: string } | undefined {
  const certificate = orUndefined(() => new X509Certificate(cert));
  if (!certificate) return { which: 'cert', wanted: 'a file with a certificate in PEM form' };
  const privateKey = orUndefined(() => createPrivateKey(key));
  if (!privateKey) return { which: 'key', wanted: 'a file with a private key in PEM form, without a passphrase' };
  if (certificate.checkPrivateKey(privateKey)) return undefined;
  return {
    which: 'key',
    wanted: 'the private key of the certificate in ROOMFUL_TLS_CERT, which comes first in its file',
  };
}

function orUndefined<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch {
    return undefined;
  }
}
