// The certificate of the TLS listener: a pair that fits, valid now and for a while, for the right name, trusted.
import { createPrivateKey, X509Certificate } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { isIP } from 'node:net';
import { isLoopback } from '../../kit/addresses.ts';
import { reasonOf } from '../../kit/ask.ts';
import { type Check, failure, ok, skipped, type Verdict, warning } from '../check.ts';

interface Facts {
  /** Nothing where there is no TLS listener. */
  httpsPort: number | undefined;
  files: { cert: string; key: string };
  /** The operator's own, and not one that the server makes by itself. */
  isGiven: boolean;
  /** Host that browsers reach this listener by. */
  publicHost: string;
  /** What the running server shows, where one runs. */
  served: (() => Promise<X509Certificate>) | undefined;
}

const DAY_MS = 24 * 3_600_000;
const SOON_MS = 14 * DAY_MS;

export function certificateCheck(facts: Facts): Check {
  const { httpsPort, files, isGiven, served } = facts;
  return {
    name: 'certificate',
    title: 'Certificate',
    timeoutMs: 10_000,
    advice: 'See to it that ROOMFUL_TLS_CERT and ROOMFUL_TLS_KEY name PEM files that the user of the server may read.',
    async run() {
      if (httpsPort === undefined) return skipped('There is no TLS listener here.');
      if (!existsSync(files.cert) && !isGiven) return skipped('The first start makes a self-signed certificate.');
      const certificate = new X509Certificate(readFileSync(files.cert));
      const shown = await served?.();
      return pairOf(certificate, files.key) ?? staleness(certificate, shown) ?? judged(shown ?? certificate, facts);
    },
  };
}

function pairOf(certificate: X509Certificate, keyFile: string): Verdict | undefined {
  const advice = 'Set ROOMFUL_TLS_KEY to the key that the certificate was made with.';
  try {
    const key = createPrivateKey(readFileSync(keyFile));
    return certificate.checkPrivateKey(key)
      ? undefined
      : failure('Certificate and key do not belong together.', advice);
  } catch (error) {
    return failure(`The key in ${keyFile} cannot be used: ${reasonOf(error)}.`, advice);
  }
}

/** Certificates are read once, at the start. */
function staleness(onDisk: X509Certificate, shown: X509Certificate | undefined): Verdict | undefined {
  if (!shown || shown.fingerprint256 === onDisk.fingerprint256) return undefined;
  const found = `The running server still shows an older certificate, valid until ${day(shown.validToDate)}; the file has one until ${day(onDisk.validToDate)}.`;
  return warning(found, 'Start the server again.');
}

function judged(certificate: X509Certificate, { publicHost, isGiven }: Facts): Verdict {
  const left = certificate.validToDate.getTime() - Date.now();
  const renew = isGiven ? 'Renew it and start the server again.' : 'Start the server again, which makes a new one.';
  if (left < 0) return failure(`The certificate expired on ${day(certificate.validToDate)}.`, renew);
  if (certificate.validFromDate.getTime() > Date.now()) {
    const found = `The certificate is valid only from ${day(certificate.validFromDate)} on.`;
    return failure(found, 'Use one that is valid now, or correct the clock of this machine.');
  }
  if (!names(certificate, publicHost)) {
    const found = `The certificate is not for ${publicHost}, which browsers reach this server by.`;
    return warning(found, 'Use one that names it, unless a proxy in front has its own.');
  }
  if (left < SOON_MS) return warning(`The certificate expires on ${day(certificate.validToDate)}.`, renew);
  if (!isSelfSigned(certificate))
    return ok(`The certificate for ${publicHost} is valid until ${day(certificate.validToDate)}.`);
  const found = `The certificate is self-signed and valid until ${day(certificate.validToDate)}`;
  if (isLoopback(publicHost)) return ok(`${found}; browsers warn of it once.`);
  return warning(`${found}: browsers warn, and SDKs of apps cannot connect.`, 'Use one of a certificate authority.');
}

function names(certificate: X509Certificate, host: string): boolean {
  return (isIP(host) ? certificate.checkIP(host) : certificate.checkHost(host)) !== undefined;
}

function isSelfSigned(certificate: X509Certificate): boolean {
  return certificate.checkIssued(certificate) && certificate.verify(certificate.publicKey);
}

function day(date: Date): string {
  return date.toISOString().slice(0, 10);
}
