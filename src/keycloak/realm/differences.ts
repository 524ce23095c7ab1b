// What differs between a desired representation and the one that Keycloak returns. Pure.
// Only what is desired is looked at: Keycloak adds defaults and ids of its own.

/** Paths in `desired` whose value `actual` does not have, such as `config.syncMode`. A desired undefined is no demand. */
export function differences(desired: unknown, actual: unknown, path = ''): string[] {
  if (desired === undefined) return [];
  if (Array.isArray(desired)) return sameList(desired, actual) ? [] : [path];
  if (!isRecord(desired)) return desired === actual ? [] : [path];
  if (!isRecord(actual)) return Object.values(desired).every((value) => value === undefined) ? [] : [path];
  return Object.keys(desired).flatMap((key) => differences(desired[key], actual[key], path ? `${path}.${key}` : key));
}

/** Desired over actual, one level of maps deep: Keycloak drops the entries of a map that a PUT leaves out. */
export function merged<T extends object>(actual: T, desired: T): T {
  const entries = Object.entries({ ...actual, ...desired }).map(([key, value]: [string, unknown]) => {
    const present: unknown = actual[key as keyof T];
    return [key, isRecord(value) && isRecord(present) ? { ...present, ...value } : value];
  });
  return Object.fromEntries(entries) as T;
}

/** Keycloak keeps most lists of texts as sets; lists of objects keep their order. */
function sameList(desired: readonly unknown[], actual: unknown): boolean {
  if (!Array.isArray(actual) || actual.length !== desired.length) return false;
  if (desired.every((item) => typeof item === 'string')) return desired.every((item) => actual.includes(item));
  return desired.every((item, index) => differences(item, actual[index], '-').length === 0);
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
