// One output of a composition: a file, an HLS stream or a livestream.
import { join } from 'node:path';
import type { Blame, FileFacts, SinkSpec } from '../../compositor/ipc.ts';
import type { FileFormat, Gap } from '../../protocol/egress.ts';

export type OutputSpec =
  | { id: string; kind: 'file'; format: FileFormat; folder: string }
  | { id: string; kind: 'hls'; folder: string }
  | { id: string; kind: 'rtmp'; url: string };

export interface Failure {
  reason: string;
  blame: Blame;
}

export interface OutputEnd {
  /** The files that were written, in order. */
  parts: string[];
  /** Of the last of them, when its writer finished it. */
  file: FileFacts | undefined;
  failure: Failure | undefined;
}

/** Gets the events of one output. */
export interface OutputListener {
  started(): void;
  playable(): void;
  /** The compositor crashed and goes on after a gap. */
  interrupted(gap: Gap): void;
  /** Called once, last. */
  ended(end: OutputEnd): void;
}

export class CompositionOutput {
  readonly spec: OutputSpec;
  readonly listener: OutputListener;
  /** The present process has been given it. */
  isHandedOver = false;
  /** It has been asked to end. */
  isRemoving = false;
  readonly #parts: string[] = [];
  #removalTimer: NodeJS.Timeout | undefined;

  constructor(spec: OutputSpec, listener: OutputListener) {
    this.spec = spec;
    this.listener = listener;
  }

  /** What the process has to write now; a file goes on in another part after a crash, since the last one is broken. */
  handOver(): SinkSpec {
    this.isHandedOver = true;
    const { spec } = this;
    if (spec.kind !== 'file') return spec;
    const path = join(spec.folder, `part-${this.#parts.length + 1}.${spec.format}`);
    this.#parts.push(path);
    return { id: spec.id, kind: 'file', format: spec.format, path };
  }

  /** Calls back if it has not ended by then. */
  endWithin(timeoutMs: number, onTimeout: () => void): void {
    this.#removalTimer = setTimeout(onTimeout, timeoutMs);
  }

  end(failure: Failure | undefined, file: FileFacts | undefined): void {
    clearTimeout(this.#removalTimer);
    this.listener.ended({ parts: this.#parts, file, failure });
  }
}
