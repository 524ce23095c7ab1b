// What Drawbridge reads out of a User: who it is, and what the person is called (design, section 3).
import type { DirectoryUserInput } from '../src/directory/directory-user.ts';
import { LONGEST_INDEXED, type ResourceType } from './schema/attribute.ts';
import { withSchemas } from './schema/read-resource.ts';
import type { Json, JsonObject } from './schema/read-value.ts';

const ADDRESS = /^[^\s@<>"(),:;\\[\]]+@[^\s@<>"(),:;\\[\]]+\.[^\s@<>"(),:;\\[\]]+$/;

/** The input of the directory's change; `active` is what counts where the resource does not say. */
export function userInput(type: ResourceType, kept: JsonObject, active: boolean): DirectoryUserInput {
  const resource = withSchemas(type, kept);
  const name = isObject(kept.name) ? kept.name : {};
  return {
    userName: textOf(kept.userName)!,
    externalId: textOf(kept.externalId),
    active: kept.active === undefined ? active : kept.active === true,
    address: addressOf(kept),
    displayName: textOf(kept.displayName),
    givenName: textOf(name.givenName),
    familyName: textOf(name.familyName),
    email: sortEmail(kept),
    resource: JSON.stringify(resource),
  };
}

/** "The address": the primary e-mail, else the work one, else userName if it is one, else an e-mail of no type. */
function addressOf(kept: JsonObject): string | undefined {
  const emails = emailsOf(kept);
  const chosen = emails.find((email) => email.primary === true) ?? emails.find((email) => isType(email, 'work'));
  const stated = textOf(chosen?.value);
  if (stated !== undefined) return asAddress(stated);
  return asAddress(textOf(kept.userName)) ?? asAddress(textOf(emails.find(({ type }) => type === undefined)?.value));
}

function asAddress(text: string | undefined): string | undefined {
  const address = text?.trim() ?? '';
  return address.length <= 254 && ADDRESS.test(address) ? address : undefined;
}

function sortEmail(kept: JsonObject): string | undefined {
  const emails = emailsOf(kept);
  // an index takes no longer ones; filters by longer values do not look there
  return textOf((emails.find((email) => email.primary === true) ?? emails[0])?.value)?.slice(0, LONGEST_INDEXED);
}

function emailsOf(kept: JsonObject): JsonObject[] {
  return Array.isArray(kept.emails) ? kept.emails.filter(isObject) : [];
}

function isType(email: JsonObject, type: string): boolean {
  return textOf(email.type)?.toLowerCase() === type;
}

function isObject(value: Json | undefined): value is JsonObject {
  return typeof value === 'object' && !Array.isArray(value);
}

function textOf(value: Json | undefined): string | undefined {
  return typeof value === 'string' ? value : undefined;
}
