// What pages ask for, each with the key that `live.ts` knows it by.
import { keepPreviousData, queryOptions } from '@tanstack/react-query';
import type { Static } from 'typebox';
import type { EgressKind } from '../../src/protocol/egress.ts';
import type {
  EgressBody,
  EgressRow,
  KeyRow,
  OverviewBody,
  Paged,
  RoomRow,
  SessionRow,
  SignedInBody,
  SystemBody,
  TimelineBody,
} from '../../src/protocol/rest/dashboard.ts';
import type { QualityBody, QualitySeriesBody } from '../../src/protocol/rest/dashboard-quality.ts';
import type { RoomBody } from '../../src/protocol/rest/rooms.ts';
import type {
  DeliveryBody,
  DeliveryDetailBody,
  EndpointsBody,
  SettingsBody,
} from '../../src/protocol/rest/webhooks.ts';
import { api, query } from './api.ts';

type Filters = Record<string, string | number | undefined>;

export type Delivery = Static<typeof DeliveryBody>;
export type DeliveryDetail = Static<typeof DeliveryDetailBody>;
export type Endpoint = Static<typeof EndpointsBody>['data'][number];
export type Room = Static<typeof RoomBody>;

export const me = queryOptions({
  queryKey: ['me'],
  queryFn: () => api<SignedInBody | null>('GET', '/me'),
  staleTime: Number.POSITIVE_INFINITY,
});

export const overview = (range: string) => {
  const { timeZone } = Intl.DateTimeFormat().resolvedOptions();
  return queryOptions({
    queryKey: ['overview', range],
    queryFn: () => api<OverviewBody>('GET', `/overview${query({ range, timeZone })}`),
    placeholderData: keepPreviousData,
  });
};

const paged =
  <T>(name: string, path: string) =>
  (filters: Filters) =>
    queryOptions({
      queryKey: [name, filters],
      queryFn: () => api<Paged<T>>('GET', `${path}${query(filters)}`),
      placeholderData: keepPreviousData,
    });

export const rooms = paged<RoomRow>('rooms', '/rooms');
export const sessions = paged<SessionRow>('sessions', '/sessions');
export const egresses = paged<EgressRow>('egresses', '/egresses');
export const deliveries = paged<Delivery>('deliveries', '/v2/webhooks/deliveries');

export const room = (roomId: string) =>
  queryOptions({
    queryKey: ['room', roomId],
    queryFn: () => api<Room>('GET', `/v2/rooms/${encodeURIComponent(roomId)}`),
  });

export const session = (sessionId: string) =>
  queryOptions({
    queryKey: ['session', sessionId],
    queryFn: () => api<TimelineBody>('GET', `/sessions/${encodeURIComponent(sessionId)}/timeline`),
  });

/** Of a session that is over nothing changes any more, whoever else is talking. */
const qualityOptions = (isLive: boolean) => (isLive ? {} : { staleTime: 'static' as const });

export const quality = (sessionId: string, isLive: boolean) =>
  queryOptions({
    queryKey: ['quality', sessionId, isLive],
    queryFn: () => api<QualityBody>('GET', `/sessions/${encodeURIComponent(sessionId)}/quality`),
    ...qualityOptions(isLive),
    placeholderData: keepPreviousData,
  });

export const participantQuality = (sessionId: string, isLive: boolean, participant: string) =>
  queryOptions({
    queryKey: ['quality', sessionId, isLive, participant],
    queryFn: () => api<QualitySeriesBody>('GET', `/sessions/${encodeURIComponent(sessionId)}/quality/${participant}`),
    ...qualityOptions(isLive),
    placeholderData: keepPreviousData,
  });

export const egress = (kind: EgressKind, id: string) =>
  queryOptions({
    queryKey: ['egress', id],
    queryFn: () => api<EgressBody>('GET', `/egresses/${kind}/${encodeURIComponent(id)}`),
  });

export const delivery = (id: string) =>
  queryOptions({
    queryKey: ['delivery', id],
    queryFn: () => api<DeliveryDetail>('GET', `/v2/webhooks/deliveries/${encodeURIComponent(id)}`),
  });

export const endpoints = queryOptions({
  queryKey: ['endpoints'],
  queryFn: () => api<{ data: Endpoint[] }>('GET', '/v2/webhooks/endpoints'),
});

export const webhookSettings = queryOptions({
  queryKey: ['webhook-settings'],
  queryFn: () => api<Static<typeof SettingsBody>>('GET', '/v2/webhooks/settings'),
});

export const keys = queryOptions({
  queryKey: ['keys'],
  queryFn: () => api<{ data: KeyRow[] }>('GET', '/keys'),
});

export const system = queryOptions({
  queryKey: ['system'],
  queryFn: () => api<SystemBody>('GET', '/system'),
});
