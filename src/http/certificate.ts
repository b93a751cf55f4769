// The certificate of the HTTPS listener: the operator's, or a self-signed one that is made once and kept.
import { createHash, X509Certificate } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { isIP } from 'node:net';
import { dirname, join } from 'node:path';
import { generate } from 'selfsigned';
import { makePrivateFolder } from '../kit/private-folder.ts';

export interface Certificate {
  cert: string;
  key: string;
}

const VALID_DAYS = 397;
/** Browsers complain of an expired certificate before they complain of a self-signed one. */
const RENEW_BEFORE_MS = 14 * 24 * 3600 * 1000;

/** Reads the operator's files, or the kept certificate if it still names `host` and is good for some time. */
export async function loadCertificate(options: {
  files: { cert: string; key: string } | undefined;
  dataDir: string;
  hosts: readonly string[];
}): Promise<Certificate> {
  const { files, dataDir, hosts } = options;
  if (files) return { cert: readFileSync(files.cert, 'utf8'), key: readFileSync(files.key, 'utf8') };
  const { cert: certFile, key: keyFile } = ownCertificateFiles(dataDir);
  if (existsSync(certFile) && existsSync(keyFile)) {
    const kept = { cert: readFileSync(certFile, 'utf8'), key: readFileSync(keyFile, 'utf8') };
    if (stillGood(kept, hosts)) return kept;
  }
  const made = await selfSigned(hosts);
  makePrivateFolder(dirname(certFile));
  writeFileSync(keyFile, made.key, { mode: 0o600 });
  writeFileSync(certFile, made.cert);
  return made;
}

/** SHA-256 of a certificate's public key, base64: what browsers can be told to trust without an authority. */
export function publicKeyHash({ cert }: Pick<Certificate, 'cert'>): string {
  const key = new X509Certificate(cert).publicKey.export({ type: 'spki', format: 'der' });
  return createHash('sha256').update(key).digest('base64');
}

/** Where a certificate of our own is kept, if there is one. */
export function ownCertificateFiles(dataDir: string): { cert: string; key: string } {
  const folder = join(dataDir, 'tls');
  return { cert: join(folder, 'cert.pem'), key: join(folder, 'key.pem') };
}

function stillGood({ cert }: Certificate, hosts: readonly string[]): boolean {
  try {
    const certificate = new X509Certificate(cert);
    const names = (host: string) => (isIP(host) ? certificate.checkIP(host) : certificate.checkHost(host));
    return hosts.every(names) && certificate.validToDate.getTime() - Date.now() > RENEW_BEFORE_MS;
  } catch {
    return false;
  }
}

async function selfSigned(hosts: readonly string[]): Promise<Certificate> {
  const now = new Date();
  const { cert, private: key } = await generate([{ name: 'commonName', value: 'Roomful' }], {
    keyType: 'ec',
    algorithm: 'sha256',
    notBeforeDate: now,
    notAfterDate: new Date(now.getTime() + VALID_DAYS * 24 * 3600 * 1000),
    extensions: [
      { name: 'basicConstraints', cA: false },
      {
        name: 'subjectAltName',
        altNames: hosts.map((host) => (isIP(host) ? { type: 7, ip: host } : { type: 2, value: host })),
      },
    ],
  });
  return { cert, key };
}
