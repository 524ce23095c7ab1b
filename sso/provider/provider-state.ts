// The state of our OIDC provider in Postgres: everything that must survive a restart and be seen by every process.
// Rows are found by unguessable ids only; expired rows are invisible and swept by a job.
import { type Adapter, type AdapterPayload, errors } from 'oidc-provider';
import type { CoreDeps } from '../../src/db/core-deps.ts';

type Row = { payload: AdapterPayload; consumed: number | null };

const LIVE = 'expires_at is null or expires_at > $3';
const COLUMNS = 'payload, extract(epoch from consumed_at)::integer as consumed';

/** oidc-provider's adapter for one model that is stored. */
export function providerStateAdapter({ db, clock }: CoreDeps, model: string): Adapter {
  const findBy = async (column: 'id' | 'uid', value: string): Promise<AdapterPayload | undefined> => {
    const [row] = await db.realm<Row>({
      name: `sso_provider_state_by_${column}`,
      text: `select ${COLUMNS} from provider_state where model = $1 and ${column} = $2 and (${LIVE})`,
      values: [model, value, clock.now()],
    });
    if (!row) return undefined;
    return row.consumed === null ? row.payload : { ...row.payload, consumed: row.consumed };
  };
  return {
    find: (id) => findBy('id', id),
    findByUid: (uid) => findBy('uid', uid),
    // The device flow is off: nothing has user codes.
    findByUserCode: async () => undefined,
    async upsert(id, payload, expiresIn) {
      const expiresAt = expiresIn === undefined ? null : new Date(clock.now().getTime() + expiresIn * 1000);
      await db.realm({
        name: 'sso_provider_state_upsert',
        text: `insert into provider_state (model, id, payload, grant_id, uid, expires_at) values ($1, $2, $3, $4, $5, $6)
          on conflict (model, id) do update set payload = excluded.payload, grant_id = excluded.grant_id,
            uid = excluded.uid, expires_at = excluded.expires_at`,
        values: [model, id, payload, payload.grantId ?? null, payload.uid ?? null, expiresAt],
      });
    },
    async consume(id) {
      const [row] = await db.realm({
        name: 'sso_provider_state_consume',
        text: `update provider_state set consumed_at = $3 where model = $1 and id = $2 and consumed_at is null returning id`,
        values: [model, id, clock.now()],
      });
      // Two exchanges of one code at once: the library has read the code as fresh for both, only one may have it.
      if (!row) throw new errors.InvalidGrant('already consumed');
    },
    async destroy(id) {
      await db.realm({ text: 'delete from provider_state where model = $1 and id = $2', values: [model, id] });
    },
    async revokeByGrantId(grantId) {
      await db.realm({
        text: 'delete from provider_state where model = $1 and grant_id = $2',
        values: [model, grantId],
      });
    },
  };
}
