import type { Logger } from '../log.ts';

/** What undoes each thing that was started, in the order of starting. */
export type Undo = (() => Promise<unknown> | unknown)[];

/** In reverse order; what has been undone is not undone again, and a step that fails keeps no other from its turn. */
export async function unwind(undo: Undo, log: Logger): Promise<void> {
  for (const step of undo.splice(0).reverse()) {
    try {
      await step();
    } catch (error) {
      log.error({ err: error }, 'a part could not be stopped');
    }
  }
}
