// A compositor process that does what a test says.
import { EventEmitter } from 'node:events';
import type { CompositorCommand, CompositorEvent } from '../../src/compositor/ipc.ts';
import type { LaunchCompositor } from '../../src/egress/runner/composition-state.ts';

export const RTP_PORT = 40_000;

export class FakeCompositor extends EventEmitter {
  readonly pid = 1;
  readonly start: CompositorCommand & { type: 'start' };
  isFatal = false;
  readonly sent: CompositorCommand[] = [];
  readonly ended: ('finish' | 'kill')[] = [];
  readonly #ready = Promise.withResolvers<number | undefined>();
  readonly ready = this.#ready.promise;

  constructor(start: CompositorCommand & { type: 'start' }) {
    super();
    this.start = start;
    this.ready.catch(() => undefined);
  }

  /** Ids of the outputs that it has been given and not been asked to end. */
  get sinks(): string[] {
    const added = this.sent.flatMap((command) => (command.type === 'add-sink' ? [command.sink.id] : []));
    const removed = this.sent.flatMap((command) => (command.type === 'remove-sink' ? [command.sinkId] : []));
    return [...this.start.sinks.map(({ id }) => id), ...added].filter((id) => !removed.includes(id));
  }

  send(command: CompositorCommand): void {
    this.sent.push(command);
  }

  finish(): void {
    this.ended.push('finish');
  }

  kill(): void {
    this.ended.push('kill');
  }

  becomeReady({ port }: { port: number | undefined } = { port: RTP_PORT }): void {
    this.#ready.resolve(port);
  }

  say(event: CompositorEvent): void {
    this.emit('message', event);
  }

  /** It is gone, for whatever reason. */
  exit(reason = 'it was ended by SIGKILL'): void {
    this.#ready.reject(new Error(reason));
    this.emit('gone', { expected: false, reason, blame: 'us' });
    this.removeAllListeners();
  }
}

/** Launches fakes; each is kept in the list. */
export function fakeCompositors(): { launch: LaunchCompositor; processes: FakeCompositor[] } {
  const processes: FakeCompositor[] = [];
  const launch = ((start: CompositorCommand & { type: 'start' }) => {
    const process = new FakeCompositor(start);
    processes.push(process);
    return process;
  }) as unknown as LaunchCompositor;
  return { launch, processes };
}
