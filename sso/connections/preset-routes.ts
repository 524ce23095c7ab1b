// What a company's administrator does at the identity provider: before there is a connection, and with its own values.
import { z } from 'zod';
import { type Endpoint, endpoint } from '../../src/http/endpoint.ts';
import type { SsoDeps } from '../deps.ts';
import { EVIDENCE_PRESETS } from '../evidence-aliases.ts';
import { getConnection } from './connection-queries.ts';
import { companyValues } from './connection-view.ts';
import { expectedNames, listPresets, setupSteps } from './presets.ts';

const preset = z.enum(EVIDENCE_PRESETS);
const names = z.record(z.string(), z.array(z.string())).meta({
  description: 'Attributes or claims that are looked for, first come first, beside those that the connection names',
});
const steps = z
  .array(z.string())
  .meta({ description: 'What the administrator of the identity provider does, in order' });

const presetSchema = z
  .object({
    preset,
    displayName: z.string(),
    protocol: z.enum(['saml', 'oidc']),
    defaults: z.record(z.string(), z.unknown()).meta({ description: 'Taken for fields that a creation leaves out' }),
    names,
    steps,
  })
  .meta({ id: 'ConnectionPreset' });

export function presetRoutes(deps: Pick<SsoDeps, 'db' | 'config'>): Endpoint[] {
  return [
    endpoint({
      tag: 'Connections',
      access: 'principal',
      method: 'get',
      path: '/v1/connection-presets',
      summary: 'List the identity providers that are known, with what their administrators do',
      responses: { 200: { description: 'All presets', schema: z.object({ items: z.array(presetSchema) }) } },
      handle: async () => ({ status: 200, body: { items: listPresets() } }),
    }),
    endpoint({
      tag: 'Connections',
      access: { permission: 'connection.manage' },
      method: 'get',
      path: '/v1/organizations/{org}/connections/{connection}/setup',
      summary: 'What the company enters at its identity provider for this connection, step by step',
      params: z.object({ connection: z.uuid() }),
      responses: {
        200: {
          description: 'The values and the steps',
          schema: z.object({
            preset,
            protocol: z.enum(['saml', 'oidc']),
            enter: z.record(z.string(), z.string()),
            steps,
            names,
          }),
        },
      },
      handle: async ({ orgId, params: { connection: id } }) => {
        const connection = await getConnection(deps, orgId, id);
        const { protocol, settings } = connection;
        const enter = companyValues(deps.config.baseUrl, connection);
        return {
          status: 200,
          body: {
            preset: settings.preset,
            protocol,
            enter,
            steps: setupSteps(connection, enter),
            names: expectedNames(settings.preset, protocol),
          },
        };
      },
    }),
  ];
}
