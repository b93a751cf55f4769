import { useSyncExternalStore } from 'react';
import type { Observable } from '../client/observable.ts';

export function useObservable<T>(observable: Observable<T>): T {
  return useSyncExternalStore(observable.subscribe, observable.get);
}
