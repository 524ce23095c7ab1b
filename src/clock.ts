// Time as a dependency: whatever decides by time asks a Clock, so that tests can move it.

export type Clock = { now(): Date };

export const systemClock: Clock = { now: () => new Date() };
