// Mapping rules on the wire.
import { z } from 'zod';
import { dateTime, uuid } from '../http/wire.ts';
import type { MappingRule, RuleInput, RuleTarget } from './mapping-rule.ts';

const team = z.strictObject({ team: z.string().max(100).meta({ description: 'Id or key' }) });
const role = z.strictObject({ role: z.string().max(100) });
const template = z.strictObject({
  teamTemplate: z
    .string()
    .min(1)
    .max(100)
    .meta({ description: 'A team’s key with named captures', example: 'eng-{name}' }),
  keyPrefix: z.string().max(40).default('').meta({ description: 'Only keys that begin so are reached or made' }),
  createMissing: z.enum(['off', 'create']).default('off'),
  createLimit: z.int().min(1).max(500).default(50).meta({ description: 'How many teams the rule may make in all' }),
});
const target = z.union([team, role, template]);

const source = z.enum(['scim.group', 'sso.groups', 'sso.attribute']);
const match = z
  .enum(['external_id', 'display_name', 'prefix', 'glob', 'regex'])
  .meta({ description: 'Exact id, exact name (case aside), beginning, `*` and `?`, or RE2 over the whole name' });

const fields = {
  source,
  attribute: z.string().min(1).max(120).optional().meta({ description: 'For sso.attribute: its name as sent' }),
  connectionId: uuid.nullish().meta({ description: 'Only what this connection says' }),
  directoryId: uuid.nullish().meta({ description: 'Only groups of this directory' }),
  match,
  value: z.string().min(1).max(500).meta({ example: 'Engineers' }),
  target: target.meta({ example: { team: 'engineering' } }),
  priority: z.int().min(-1000).max(1000),
  mode: z.enum(['enforce', 'additive', 'shadow']),
  enabled: z.boolean(),
  note: z.string().trim().max(500).nullish(),
};

export const newRuleBody = z.strictObject({
  ...fields,
  priority: fields.priority.default(0),
  mode: fields.mode.default('enforce'),
  enabled: fields.enabled.default(true),
});

export const ruleChangeBody = z.strictObject(fields).partial();

export const ruleBody = z
  .object({
    id: uuid,
    ...fields,
    target: z.union([team, role, template]).meta({ description: 'The id of a team, the key of a role, or a template' }),
    version: z.int(),
    createdAt: dateTime,
  })
  .meta({ id: 'MappingRule' });

export const savedRuleBody = ruleBody
  .extend({ matched: z.int().meta({ description: 'Members whose facts match it now' }) })
  .meta({ id: 'SavedMappingRule' });

export function ruleFromWire(body: z.output<typeof newRuleBody>): RuleInput {
  const { attribute, connectionId, directoryId, note, ...rest } = body;
  return {
    ...rest,
    attribute: attribute ?? '',
    connectionId: connectionId ?? null,
    directoryId: directoryId ?? null,
    note: note ?? null,
    target: targetFromWire(body.target),
  };
}

/** Only what the body names changes; null clears what may be absent. */
export function ruleChangeFromWire({ target: to, ...body }: z.output<typeof ruleChangeBody>): Partial<RuleInput> {
  const named = Object.entries(body).filter(([, value]) => value !== undefined);
  return { ...Object.fromEntries(named), ...(to && { target: targetFromWire(to) }) };
}

function targetFromWire(body: z.output<typeof target>): RuleTarget {
  if ('team' in body) return { kind: 'team', ref: body.team };
  if ('role' in body) return { kind: 'role', ref: body.role };
  const { teamTemplate, keyPrefix, createMissing, createLimit } = body;
  return {
    kind: 'team_template',
    ref: teamTemplate,
    keyPrefix,
    createLimit: createMissing === 'off' ? 0 : createLimit,
  };
}

export function ruleToWire(rule: MappingRule): z.input<typeof ruleBody> {
  const { attribute, target: to, createdAt, ...rest } = rule;
  return {
    ...rest,
    ...(attribute === '' ? {} : { attribute }),
    target: targetToWire(to),
    createdAt: createdAt.toISOString(),
  };
}

function targetToWire(to: RuleTarget): z.input<typeof target> {
  if (to.kind === 'team') return { team: to.ref };
  if (to.kind === 'role') return { role: to.ref };
  const creates = to.createLimit > 0 ? ({ createMissing: 'create', createLimit: to.createLimit } as const) : {};
  return { teamTemplate: to.ref, keyPrefix: to.keyPrefix, ...creates };
}
