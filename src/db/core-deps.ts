// What every use case is given: the database as the application's role, and the time.
import type { Clock } from '../clock.ts';
import type { Database } from './database.ts';

export type CoreDeps = { readonly db: Database; readonly clock: Clock };
