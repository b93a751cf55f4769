// Makes what arrives at one worker consumable on another.
import type { MediaWorker } from './media-worker.ts';

export class Pipes {
  readonly #pipes = new Map<string, Promise<void>>();

  /** Pipes a producer once, however often it is asked for; at once where it is on this worker already. */
  pipe(from: MediaWorker, to: MediaWorker, what: { producerId: string } | { dataProducerId: string }): Promise<void> {
    if (from === to) return Promise.resolve();
    const id = 'producerId' in what ? what.producerId : what.dataProducerId;
    const key = `${id} ${to.index}`;
    let pipe = this.#pipes.get(key);
    if (!pipe) {
      const forget = () => this.#pipes.delete(key);
      pipe = from.router.pipeToRouter({ ...what, router: to.router }).then(({ pipeConsumer, pipeDataConsumer }) => {
        pipeConsumer?.observer.once('close', forget);
        pipeDataConsumer?.observer.once('close', forget);
      });
      pipe.catch(forget);
      this.#pipes.set(key, pipe);
    }
    return pipe;
  }
}
