// What a live room writes, as a list of what was written; any write can be made slow or to fail.
import type { LiveStore } from '../../src/rooms/ports.ts';

type Write = keyof LiveStore;

export class FakeLiveStore implements LiveStore {
  readonly written: string[] = [];
  #rows = 0;
  readonly #behaviour = new Map<Write, (() => Promise<void>)[]>();

  /** The next write of this kind does this first. */
  next(write: Write, behaviour: () => Promise<void>): void {
    this.#behaviour.set(write, [...(this.#behaviour.get(write) ?? []), behaviour]);
  }

  readonly #tokens = new Map<string, string>();

  async join({ participantId, tokenHash }: Parameters<LiveStore['join']>[0]) {
    await this.#write('join', participantId);
    const lastTokenHash = this.#tokens.get(participantId) ?? null;
    this.#tokens.set(participantId, tokenHash);
    return { row: `row-${++this.#rows}-${participantId}`, lastTokenHash };
  }

  leave({ participant, end }: Parameters<LiveStore['leave']>[0]): Promise<void> {
    return this.#write('leave', participant, end ? 'end' : '');
  }

  endSession({ reason }: Parameters<LiveStore['endSession']>[0]): Promise<void> {
    return this.#write('endSession', reason);
  }

  disconnect({ participantId }: Parameters<LiveStore['disconnect']>[0]): Promise<void> {
    return this.#write('disconnect', participantId);
  }

  changeMode(participant: string, mode: string): Promise<void> {
    return this.#write('changeMode', participant, mode);
  }

  rename(participant: string, name: string): Promise<void> {
    return this.#write('rename', participant, name);
  }

  openSpan(participant: string, kind: string): Promise<void> {
    return this.#write('openSpan', participant, kind);
  }

  closeSpan(participant: string, kind: string): Promise<void> {
    return this.#write('closeSpan', participant, kind);
  }

  async #write(write: Write, ...facts: string[]): Promise<void> {
    await this.#behaviour.get(write)?.shift()?.();
    this.written.push([write, ...facts.filter(Boolean)].join(' '));
  }
}
