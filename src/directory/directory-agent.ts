// An agent or an agentic application as its directory states it (draft-abbey-scim-agent-extension-00). Pure types.
import type { ResourceTimes } from './resource-times.ts';

export type AgentKind = 'Agent' | 'AgenticApplication';

/** `resource` is JSON text without id and meta. */
export type DirectoryAgentInput = {
  readonly name: string;
  readonly externalId: string | undefined;
  readonly resource: string;
};

/** As stored. */
export type DirectoryAgentRow = ResourceTimes & {
  readonly id: string;
  readonly version: number;
  readonly resource: string;
  /** In a list with an order: the text of what the row is sorted by. */
  readonly sort_key?: string | null;
};
