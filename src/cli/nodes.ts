// Taking nodes out of service and putting them back. It is written into the database, where nodes look every second.
import { setTimeout as sleep } from 'node:timers/promises';
import { StartError } from '../kit/start-error.ts';
import { type NodeFacts, nodeState } from '../protocol/node.ts';
import { NodeStore } from '../store/node-store.ts';
import { readArguments, secondsOf } from './arguments.ts';
import { type Installation, withDatabase } from './installation.ts';
import { table } from './table.ts';
import { UsageError } from './usage-error.ts';

type Command = (args: readonly string[], installation: Installation) => Promise<string>;

const COMMANDS: Record<string, Command> = { list, drain, undrain };
const POLL_MS = 1_000;

/** `roomful nodes …` */
export function nodesCommand([name = '', ...args]: readonly string[], installation: Installation): Promise<string> {
  const command = Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined;
  if (!command) throw new UsageError(name ? `There is no 'nodes ${name}'` : "'nodes' needs a command");
  return command(args, installation);
}

function withNodes<T>(installation: Installation, work: (nodes: NodeStore) => Promise<T>): Promise<T> {
  return withDatabase(installation, (db) => work(new NodeStore(db)));
}

async function list(args: readonly string[], installation: Installation): Promise<string> {
  const { options } = readArguments(args, { switches: ['json'] });
  const nodes = await withNodes(installation, (all) => all.list());
  if (options.json)
    return JSON.stringify(
      nodes.map((node) => ({ ...node, state: nodeState(node) })),
      null,
      2,
    );
  return table(nodes.map(row)) || 'There is no node yet: start the server once.';
}

async function drain(args: readonly string[], installation: Installation): Promise<string> {
  const { options, operands } = readArguments(args, { options: ['wait'], optional: 1 });
  const waitS = secondsOf(options, 'wait');
  return withNodes(installation, async (nodes) => {
    const node = await named(nodes, operands[0]);
    await nodes.drain(node.id, new Date());
    if (waitS !== undefined) return waitUntilDrained(nodes, node, waitS);
    const now = (await nodes.get(node.id)) ?? node;
    return `Node ${node.publicUrl} takes no new sessions from now on. ${leftOn(now)}`;
  });
}

async function undrain(args: readonly string[], installation: Installation): Promise<string> {
  const { operands } = readArguments(args, { optional: 1 });
  return withNodes(installation, async (nodes) => {
    const node = await named(nodes, operands[0]);
    await nodes.undrain(node.id);
    return `Node ${node.publicUrl} takes new sessions again.`;
  });
}

/** Says on the way how much is left, beside what the command prints in the end. */
async function waitUntilDrained(nodes: NodeStore, { id, publicUrl }: NodeFacts, waitS: number): Promise<string> {
  const deadline = Date.now() + waitS * 1000;
  let told = '';
  for (;;) {
    const node = await nodes.get(id);
    // One that is down has nothing left either: the others end its sessions.
    if (!node || !isBusy(node)) return `Node ${publicUrl} is drained.`;
    const words = leftOn(node);
    if (words !== told) console.error(words);
    told = words;
    if (Date.now() >= deadline) throw new StartError(`Node ${publicUrl} is not drained yet. ${words}`);
    await sleep(Math.min(POLL_MS, deadline - Date.now()));
  }
}

/** By id, by the address or host that it is reached at, or the only one there is. */
async function named(nodes: NodeStore, name: string | undefined): Promise<NodeFacts> {
  const all = await nodes.list();
  const running = all.filter((node) => nodeState(node) !== 'lost');
  const found =
    name === undefined
      ? running
      : all.filter(({ id, publicUrl }) =>
          [id, publicUrl, URL.parse(publicUrl)?.host].includes(name.replace(/\/+$/, '')),
        );
  const [node, another] = found;
  if (node && !another) return node;
  const hint = "'roomful nodes list' shows the nodes.";
  if (name !== undefined) throw new StartError(`There is no node ${name}. ${hint}`);
  throw new StartError(node ? `There are ${found.length} nodes: name one. ${hint}` : `No node is running. ${hint}`);
}

function isBusy({ sessions, egresses, uploads, expected }: NodeFacts): boolean {
  return sessions + egresses + uploads + expected > 0;
}

function leftOn(node: NodeFacts): string {
  const { sessions, people, egresses, uploads, expected } = node;
  if (!isBusy(node)) return 'Nothing is left on it.';
  const parts = [
    [sessions, 'session', 'sessions'],
    [people, 'person', 'people'],
    [egresses, 'recording or stream', 'recordings and streams'],
    [uploads, 'upload', 'uploads'],
    [expected, 'room on its way', 'rooms on their way'],
  ] as const;
  const words = parts
    .filter(([count]) => count > 0)
    .map(([count, one, many]) => `${count} ${count === 1 ? one : many}`);
  return `Left on it: ${words.join(', ')}.`;
}

function row(node: NodeFacts): Record<string, string> {
  const { id, publicUrl, roles, sessions, people, egresses } = node;
  const counts = { sessions, people, egresses };
  const texts = Object.entries(counts).map(([name, count]) => [name, String(count)]);
  return { id, state: nodeState(node), address: publicUrl, roles: roles.join(','), ...Object.fromEntries(texts) };
}
