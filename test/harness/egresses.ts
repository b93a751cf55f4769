// Recordings, HLS streams and livestreams of a session, as rows.
import type { CompositionConfig } from '../../src/protocol/composition.ts';
import type { EgressKind, EgressPlan, EgressStatus, LivestreamOutput } from '../../src/protocol/egress.ts';
import { newObjectId } from '../../src/protocol/ids.ts';
import type { Db } from '../../src/store/database.ts';
import { anEgress } from './an-egress.ts';

interface EgressFacts {
  kind?: EgressKind;
  status?: EgressStatus;
  reason?: string;
  nodeId?: string;
  created?: Date;
  started?: Date;
  ended?: Date;
  config?: Partial<CompositionConfig>;
  outputs?: LivestreamOutput[];
  folder?: string;
  continues?: string;
  gaps?: { at: string; ms: number }[];
  file?: { seconds: number; bytes: number; token: string };
}

/** Writes one, and its file where there is one; answers its id. */
export async function insertEgress(
  db: Db,
  session: { sessionId: string; roomId: string; ownerId: string },
  facts: EgressFacts = {},
): Promise<string> {
  const { kind = 'recording', status = 'completed', created = new Date(), ended = null, file } = facts;
  const id = newObjectId(created);
  const { config, webhookUrl, outputs, fileFormat, dirPath, preSignedUrl, onFailure } = anEgress({});
  const plan = {
    ...{ kind, webhookUrl, fileFormat, dirPath, preSignedUrl, onFailure },
    config: { ...config, ...facts.config },
    outputs: facts.outputs ?? outputs,
  };
  await db
    .insertInto('egresses')
    .values({
      id,
      kind,
      session_id: session.sessionId,
      room_id: session.roomId,
      owner_id: session.ownerId,
      node_id: facts.nodeId ?? 'test-node',
      composition_id: null,
      plan: JSON.stringify(plan),
      status,
      reason: facts.reason ?? null,
      webhook_url: null,
      folder: facts.folder ?? null,
      continues: facts.continues ?? null,
      gaps: JSON.stringify(facts.gaps ?? []),
      created_at: created,
      updated_at: created,
      started_at: facts.started ?? null,
      playable_at: null,
      ended_at: ended,
      deleted_at: null,
    })
    .execute();
  if (file) await insertFile(db, id, file, ended ?? created, plan);
  return id;
}

async function insertFile(
  db: Db,
  egressId: string,
  { seconds, bytes, token }: NonNullable<EgressFacts['file']>,
  at: Date,
  { kind, config: { mode } }: Pick<EgressPlan, 'kind' | 'config'>,
): Promise<void> {
  const id = newObjectId(at);
  await db
    .insertInto('egress_files')
    .values({
      id,
      egress_id: egressId,
      type: mode === 'audio' ? 'audio' : 'video',
      size: bytes,
      duration: seconds,
      width: mode === 'audio' ? null : 1280,
      height: mode === 'audio' ? null : 720,
      ...(kind === 'hls' ? { format: 'm3u8', key: `hls/${id}` } : { format: 'mp4', key: `recordings/${id}.mp4` }),
      token,
      local_path: null,
      stored_in: 'file',
      node_id: 'test-node',
      created_at: at,
      updated_at: at,
    })
    .execute();
}
