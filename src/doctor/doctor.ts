// Examines an installation: every check with a bound, a few at once, each told as soon as it is known.
import { reasonOf } from '../kit/ask.ts';
import type { CheckName, Finding } from '../protocol/doctor.ts';
import { type Check, capital, failure, type Verdict } from './check.ts';

/** A server in use has other things to do. */
const AT_ONCE = 3;

export type OnFinding = (finding: Finding) => void;

export class Doctor {
  readonly #checks: readonly Check[];
  readonly #close: () => Promise<void>;

  /** `close` ends what the checks have started between them. */
  constructor(checks: readonly Check[], close: () => Promise<void> = async () => undefined) {
    this.#checks = checks;
    this.#close = close;
  }

  get checks(): CheckName[] {
    return this.#checks.map(({ name, title }) => ({ name, title }));
  }

  /** Runs every check once and answers the findings in the order of the checks; `onFinding` hears of each at once. */
  async examine(onFinding: OnFinding = () => undefined): Promise<Finding[]> {
    const findings: Finding[] = [];
    let next = 0;
    const goOn = async () => {
      for (let index = next++; index < this.#checks.length; index = next++) {
        const check = this.#checks[index] as Check;
        const { name, title } = check;
        const finding = { name, title, ...(await verdictOf(check)) };
        findings[index] = finding;
        onFinding(finding);
      }
    };
    try {
      await Promise.all(Array.from({ length: AT_ONCE }, goOn));
    } finally {
      await this.#close();
    }
    return findings;
  }
}

async function verdictOf(check: Check): Promise<Verdict> {
  const { timeoutMs, advice } = check;
  const late = Promise.withResolvers<never>();
  const timer = setTimeout(() => late.reject(new Error(`no answer within ${timeoutMs / 1000} s`)), timeoutMs);
  try {
    return await Promise.race([check.run(), late.promise]);
  } catch (error) {
    return failure(sentence(reasonOf(error)), advice);
  } finally {
    clearTimeout(timer);
  }
}

/** Reasons come from anywhere; what is told begins with a capital and ends with a full stop. */
function sentence(text: string): string {
  return /[.!?]$/.test(text) ? capital(text) : `${capital(text)}.`;
}
