// What an attempt leaves behind: the state of its delivery, and the words that the delivery log shows.
import type { Attempt } from './attempt.ts';
import type { ClaimedDelivery, FinishedAttempt } from './ports.ts';
import type { NextStep } from './retry.ts';

export function finishedAttempt(delivery: ClaimedDelivery, attempt: Attempt, step: NextStep): FinishedAttempt {
  const { outcome } = attempt;
  const lane = step.state === 'pending' ? step.lane : delivery.lane;
  return {
    deliveryId: delivery.id,
    sessionId: delivery.sessionId,
    at: attempt.at,
    durationMs: attempt.durationMs,
    status: outcome.stage === 'answered' ? outcome.status : null,
    error: errorOf(attempt, step),
    responseBody: attempt.responseBody,
    state: step.state === 'gone' ? 'dead' : step.state,
    lane,
    delayMs: step.state === 'pending' ? step.delayMs : 0,
    freesStream: delivery.lane === 'fast' && !(step.state === 'pending' && lane === 'fast'),
  };
}

function errorOf({ outcome }: Attempt, step: NextStep): string | null {
  if (step.state === 'delivered') return null;
  const happened = outcome.stage === 'answered' ? `answered ${outcome.status}` : outcome.error;
  const isEnd = step.state === 'dead' && outcome.stage !== 'refused';
  return isEnd ? `${happened}; ${step.reason}` : happened;
}
