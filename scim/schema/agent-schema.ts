// Agents and agentic applications (draft-abbey-scim-agent-extension-00, sections 5.1 and 5.2): what describes one. What would
// tie it to people, groups and applications (owners, parent, applications, groups) is not taken, since nothing here follows
// from it: an agent is no member and opens nothing.
import { type Attribute, attribute, LONGEST_INDEXED, type ResourceType } from './attribute.ts';
import { COMMON } from './common-attributes.ts';
import { AGENT, AGENTIC_APPLICATION } from './names.ts';
import { plural } from './plural-attribute.ts';

/** What both have; `what` names the thing in descriptions. */
function described(what: string): Attribute[] {
  return [
    attribute('name', 'string', `What the directory calls the ${what}; unique in it, whatever its case.`, {
      required: true,
      uniqueness: 'server',
      column: 'name',
      longest: LONGEST_INDEXED,
    }),
    attribute('displayName', 'string', 'The name as shown to people.'),
    attribute('description', 'string', `What the ${what} is for.`),
    attribute(
      'active',
      'boolean',
      `Whether the directory lets the ${what} work; a fact from which nothing follows here.`,
    ),
  ];
}

export const AGENT_TYPE: ResourceType = {
  name: 'Agent',
  endpoint: '/Agents',
  description: 'Agent',
  schema: {
    id: AGENT,
    name: 'Agent',
    description: 'Agent',
    attributes: [
      ...described('agent'),
      attribute('agentType', 'string', 'The kind of agent, such as "Assistant".'),
      plural('entitlements', 'What the directory says the agent is entitled to; a fact that grants nothing by itself.'),
      plural('roles', 'What the directory says the agent is; a fact that grants nothing by itself.'),
      plural('x509Certificates', 'Certificates of the agent.', { type: 'binary' }),
      attribute('protocols', 'complex', 'How the agent can be spoken to.', {
        multiValued: true,
        subAttributes: [
          attribute('type', 'string', 'The protocol, such as "MCP-Server".'),
          attribute('specificationUrl', 'reference', 'The address of its description.', {
            referenceTypes: ['external'],
          }),
        ],
      }),
    ],
  },
  extensions: [],
  common: COMMON,
};

export const AGENTIC_APPLICATION_TYPE: ResourceType = {
  name: 'AgenticApplication',
  endpoint: '/AgenticApplications',
  description: 'Agentic application',
  schema: {
    id: AGENTIC_APPLICATION,
    name: 'AgenticApplication',
    description: 'Agentic application',
    attributes: described('application'),
  },
  extensions: [],
  common: COMMON,
};
