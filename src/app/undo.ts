/** What undoes each thing that was started, in the order of starting. */
export type Undo = (() => Promise<unknown> | unknown)[];

/** In reverse order; what has been undone is not undone again. */
export async function unwind(undo: Undo): Promise<void> {
  for (const step of undo.splice(0).reverse()) await step();
}
