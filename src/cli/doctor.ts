// `roomful doctor`: examines the installation. Where its server runs, that one is asked, since what counts is how things
// look from there; else everything is done here.
import { styleText } from 'node:util';
import { createDoctor } from '../app/doctor.ts';
import { reasonOf } from '../kit/ask.ts';
import { DataLock } from '../kit/data-lock.ts';
import { StartError } from '../kit/start-error.ts';
import type { CheckName, Finding, Level } from '../protocol/doctor.ts';
import { readArguments } from './arguments.ts';
import { askServer, type Hear, UnknownAddress } from './ask-server.ts';
import { databaseIfAny, type Installation, readInstallation } from './installation.ts';

const SERVER = { name: 'server', title: 'Server' };
const SETTINGS = { name: 'settings', title: 'Settings' };

/** Prints what is found and answers the exit code: 1 when something is wrong. */
export async function doctorCommand(args: readonly string[]): Promise<number> {
  const { options } = readArguments(args, { switches: ['json'] });
  const report = new Report(options.json === true);
  try {
    await examine(readInstallation(), report);
  } catch (error) {
    if (!(error instanceof StartError)) throw error;
    report.checks([SETTINGS]);
    const advice = 'Correct the setting; docs/configuration.md lists all of them.';
    report.finding({ ...SETTINGS, level: 'failure', found: error.message, advice });
  }
  report.end();
  return report.failed ? 1 : 0;
}

async function examine(installation: Installation, hear: Hear): Promise<void> {
  const pid = DataLock.holder(installation.config.dataDir);
  if (pid === undefined) {
    const found = `No server runs on ${installation.config.dataDir}.`;
    return examineHere(installation, { level: 'skipped', found, advice: null }, hear);
  }
  try {
    const found = `A server runs (process ${pid}); what follows is how things look from there.`;
    const server: Finding = { ...SERVER, level: 'ok', found, advice: null };
    await askServer(installation, {
      checks: (checks) => {
        hear.checks([SERVER, ...checks]);
        hear.finding(server);
      },
      finding: hear.finding.bind(hear),
    });
  } catch (error) {
    const found = `A server runs (process ${pid}), but could not be asked: ${reasonOf(error)}.`;
    const advice = 'Run this with the settings that the server has; if it has them, look into its log.';
    const level = error instanceof UnknownAddress ? 'warning' : 'failure';
    await examineHere(installation, { level, found, advice }, hear, pid);
  }
}

async function examineHere(
  installation: Installation,
  server: Omit<Finding, keyof CheckName>,
  hear: Hear,
  silentServer?: number,
): Promise<void> {
  let database: Awaited<ReturnType<typeof databaseIfAny>>;
  const doctor = await createDoctor({
    ...installation,
    databaseUrl: async () => {
      database = await databaseIfAny(installation);
      return database?.url;
    },
    running: undefined,
    silentServer,
    close: async () => database?.[Symbol.asyncDispose](),
  });
  hear.checks([SERVER, ...doctor.checks]);
  hear.finding({ ...SERVER, ...server });
  await doctor.examine((finding) => hear.finding(finding));
}

const COLOURS: Record<Level, Parameters<typeof styleText>[0]> = {
  ok: 'green',
  skipped: 'gray',
  warning: 'yellow',
  failure: 'red',
};
const LEVEL_WIDTH = 9;
const USUAL_COLUMNS = 100;

/** Prints findings in the order of the checks, each as soon as those before it are known. */
class Report implements Hear {
  readonly #asJson: boolean;
  #checks: readonly CheckName[] = [];
  readonly #findings = new Map<string, Finding>();
  #printed = 0;

  constructor(asJson: boolean) {
    this.#asJson = asJson;
  }

  get failed(): boolean {
    return this.#inOrder().some(({ level }) => level === 'failure');
  }

  /** Begins anew: what a server said before it fell silent does not count. */
  checks(checks: readonly CheckName[]): void {
    this.#checks = checks;
    this.#findings.clear();
    this.#printed = 0;
  }

  finding(finding: Finding): void {
    this.#findings.set(finding.name, finding);
    if (this.#asJson) return;
    for (let next = this.#next(); next; next = this.#next()) {
      this.#printed += 1;
      console.log(this.#lines(next));
    }
  }

  end(): void {
    const findings = this.#inOrder();
    if (this.#asJson) {
      console.log(JSON.stringify({ ok: !this.failed, findings }, null, 2));
      return;
    }
    const count = (level: Level) => findings.filter((finding) => finding.level === level).length;
    const counts = (['ok', 'skipped', 'warning', 'failure'] as const)
      .map((level) => `${count(level)} ${level}`)
      .join(', ');
    console.log(`\n${counts}.`);
  }

  #next(): Finding | undefined {
    return this.#findings.get(this.#checks[this.#printed]?.name ?? '');
  }

  #inOrder(): Finding[] {
    return this.#checks.flatMap(({ name }) => this.#findings.get(name) ?? []);
  }

  #lines({ level, title, found, advice }: Finding): string {
    const titleWidth = Math.max(...this.#checks.map((check) => check.title.length)) + 2;
    const indent = ' '.repeat(LEVEL_WIDTH + titleWidth);
    const width = (process.stdout.columns ?? USUAL_COLUMNS) - indent.length;
    const begin = styleText(COLOURS[level], level.padEnd(LEVEL_WIDTH)) + title.padEnd(titleWidth);
    const lines = [...wrapped(found, width), ...(advice ? wrapped(`→ ${advice}`, width) : [])];
    return lines.map((line, index) => (index === 0 ? begin : indent) + line).join('\n');
  }
}

function wrapped(text: string, width: number): string[] {
  const lines = [''];
  for (const word of text.split(' ')) {
    const last = lines.at(-1) ?? '';
    if (last === '') lines[lines.length - 1] = word;
    else if (last.length + 1 + word.length > width) lines.push(word);
    else lines[lines.length - 1] = `${last} ${word}`;
  }
  return lines;
}
