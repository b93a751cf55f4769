// Where a composition is in its life, with the data that belongs to each phase. `composition.ts` makes the transitions.
import type { CompositorCommand } from '../../compositor/ipc.ts';
import type { Logger } from '../../log.ts';
import type { CompositorProcess } from './compositor-process.ts';
import type { SessionFeed } from './session-feed.ts';

/** What a composition needs of its process. */
export type Compositor = Pick<
  CompositorProcess,
  'pid' | 'ready' | 'isFatal' | 'send' | 'finish' | 'kill' | 'on' | 'once'
>;

export type LaunchCompositor = (
  start: CompositorCommand & { type: 'start' },
  options: { log: Logger; readyTimeoutMs: number | undefined },
) => Compositor;

/**
 *   idle ──▶ preparing ──▶ launching ──▶ running ──▶ finishing ──▶ closed
 *                ▲             │            │
 *                └──── crash ──┴────────────┘
 *
 * Every phase may also go to `closed` at once: where there is no process to finish, or nothing can be produced any more.
 */
export type State =
  /** No output yet. */
  | { phase: 'idle' }
  /** No process yet: its page is being prepared, or it waits a moment after a crash. */
  | { phase: 'preparing'; interruptedAt: Date | undefined }
  /** The process starts; the outputs of now came with its launch. */
  | { phase: 'launching'; interruptedAt: Date | undefined; process: Compositor }
  /** A captured page joins the session itself, and has no feed. */
  | { phase: 'running'; process: Compositor; feed: SessionFeed | undefined }
  /** Every output is being ended. */
  | { phase: 'finishing'; process: Compositor; feed: SessionFeed | undefined }
  | { phase: 'closed' };
