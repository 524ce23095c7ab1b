// Makes Keycloak's authentication flows equal to their definitions. New steps are born DISABLED and switched on from
// the inside out, so that a flow in use fails shut while it is rebuilt.
import type AuthenticationExecutionInfoRepresentation from '@keycloak/keycloak-admin-client/lib/defs/authenticationExecutionInfoRepresentation.js';
import { FLOWS, type Flow, type FlowStep } from './flow-definitions.ts';
import type { RealmStep } from './realm-step.ts';

type Execution = AuthenticationExecutionInfoRepresentation & { readonly priority?: number };
type Node = { readonly execution: Execution; readonly children: Node[] };

/** Makes and repairs all of our flows. */
export async function ensureFlows(step: RealmStep): Promise<void> {
  const { admin } = step;
  const present = await admin.call((api) => api.authenticationManagement.getFlows());
  for (const flow of FLOWS) {
    if (!present.some(({ alias }) => alias === flow.alias)) {
      const made = { alias: flow.alias, providerId: 'basic-flow', topLevel: true, builtIn: false };
      await step.change(`flow ${flow.alias} is missing`, () =>
        admin.call((api) => api.authenticationManagement.createFlow(made)),
      );
    }
    await ensureFlow(step, flow);
  }
}

async function ensureFlow(step: RealmStep, flow: Flow): Promise<void> {
  let nodes = await readNodes(step, flow);
  if (shapeOfSteps(flow.steps) !== shapeOfNodes(nodes)) {
    await step.change(`steps of flow ${flow.alias}`, async () => {
      for (const { execution } of nodes) await deleteExecution(step, execution);
      await addSteps(step, flow.alias, flow.steps);
    });
    nodes = await readNodes(step, flow);
  }
  if (shapeOfSteps(flow.steps) === shapeOfNodes(nodes)) await ensureSteps(step, flow, flow.steps, nodes);
}

/** Requirement, order and configuration of steps that are there, inner ones first. */
async function ensureSteps(
  step: RealmStep,
  flow: Flow,
  steps: readonly FlowStep[],
  nodes: readonly Node[],
): Promise<void> {
  for (const [index, desired] of steps.entries()) {
    const node = nodes[index]!;
    if ('steps' in desired) await ensureSteps(step, flow, desired.steps, node.children);
    else if (desired.config) await ensureConfig(step, flow, desired.provider, desired.config, node.execution);
    const { requirement } = desired;
    const priority = (index + 1) * 10;
    if (node.execution.requirement === requirement && node.execution.priority === priority) continue;
    const updated = { ...node.execution, requirement, priority };
    await step.change(`flow ${flow.alias}: ${nameOf(desired)} (${requirement}, ${priority})`, () =>
      step.admin.call((api) => api.authenticationManagement.updateExecution({ flow: flow.alias }, updated)),
    );
  }
}

async function ensureConfig(
  step: RealmStep,
  flow: Flow,
  provider: string,
  config: Readonly<Record<string, string>>,
  execution: Execution,
): Promise<void> {
  const id = execution.authenticationConfig;
  const actual = id ? await step.admin.find((api) => api.authenticationManagement.getConfig({ id })) : undefined;
  if (Object.entries(config).every(([key, value]) => actual?.config?.[key] === value)) return;
  await step.change(`flow ${flow.alias}: configuration of ${provider}`, () =>
    step.admin.call(({ authenticationManagement: api }): Promise<unknown> => {
      if (actual) return api.updateConfig({ ...actual, config: { ...config } });
      return api.createConfig({ id: execution.id!, alias: execution.id!, config: { ...config } });
    }),
  );
}

async function addSteps(step: RealmStep, parent: string, steps: readonly FlowStep[]): Promise<void> {
  for (const added of steps) {
    await step.admin.call((api) =>
      'steps' in added
        ? api.authenticationManagement.addFlowToFlow({
            flow: parent,
            alias: added.flow,
            type: 'basic-flow',
            provider: '',
            description: '',
          })
        : api.authenticationManagement.addExecutionToFlow({ flow: parent, provider: added.provider }),
    );
    if ('steps' in added) await addSteps(step, added.flow, added.steps);
  }
}

async function deleteExecution(step: RealmStep, execution: Execution): Promise<void> {
  await step.admin.remove((api) => api.authenticationManagement.delExecution({ id: execution.id! }));
}

/** Keycloak gives a flat list with levels; a flow that is missing has no steps. */
async function readNodes(step: RealmStep, flow: Flow): Promise<Node[]> {
  const list = await step.admin.find((api) => api.authenticationManagement.getExecutions({ flow: flow.alias }));
  const roots: Node[] = [];
  const path: Node[] = [];
  for (const execution of (list ?? []) as Execution[]) {
    const node = { execution, children: [] };
    path.length = execution.level ?? 0;
    (path.at(-1)?.children ?? roots).push(node);
    path.push(node);
  }
  return roots;
}

function nameOf(step: FlowStep): string {
  return 'steps' in step ? step.flow : step.provider;
}

function shapeOfSteps(steps: readonly FlowStep[]): string {
  return steps.map((step) => `${nameOf(step)}[${'steps' in step ? shapeOfSteps(step.steps) : ''}]`).join();
}

function shapeOfNodes(nodes: readonly Node[]): string {
  return nodes
    .map(
      ({ execution, children }) =>
        `${execution.authenticationFlow ? execution.displayName : execution.providerId}[${shapeOfNodes(children)}]`,
    )
    .join();
}
