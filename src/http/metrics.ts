// Prometheus metrics of this process, in a registry of its own (two apps in one process never share numbers).
import { collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';

type RequestFacts = {
  readonly method: string;
  /** Path template, never the path: ids would make a series each. */
  readonly route: string;
  readonly status: number;
  readonly durationMs: number;
};

/** Read at each scrape. */
export type MetricSources = {
  readonly pool: () => { readonly open: number; readonly idle: number; readonly waiting: number };
  /** Marks that wait for Keycloak, and the age of the oldest in seconds. */
  readonly projection: () => Promise<{ readonly due: number; readonly oldestSeconds: number }>;
  /** Seconds since Keycloak's events were last read to their end; undefined = never. */
  readonly eventLag: () => Promise<number | undefined>;
};

export type HttpMetrics = {
  observe(facts: RequestFacts): void;
  render(): Promise<{ readonly contentType: string; readonly text: string }>;
};

export function createMetrics(sources: MetricSources): HttpMetrics {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  const registers = [registry];
  const durations = new Histogram({
    name: 'http_request_duration_seconds',
    help: 'How long requests took, by route template',
    labelNames: ['method', 'route', 'status'],
    buckets: [0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10],
    registers,
  });
  new Gauge({
    name: 'drawbridge_database_connections',
    help: 'Connections of the application pool, by state',
    labelNames: ['state'],
    registers,
    collect() {
      for (const [state, count] of Object.entries(sources.pool())) this.set({ state }, count);
    },
  });
  // one read of the marks serves both gauges: the first sets the second
  const oldest = new Gauge({
    name: 'drawbridge_projection_oldest_seconds',
    help: 'Age of the oldest mark that waits for Keycloak',
    registers,
  });
  new Gauge({
    name: 'drawbridge_projection_due',
    help: 'Persons and organizations that wait to be made equal in Keycloak',
    registers,
    async collect() {
      const { due, oldestSeconds } = await sources.projection();
      this.set(due);
      oldest.set(oldestSeconds);
    },
  });
  new Gauge({
    name: 'drawbridge_keycloak_events_lag_seconds',
    help: "Seconds since Keycloak's events were last read to their end",
    registers,
    async collect() {
      const seconds = await sources.eventLag();
      if (seconds !== undefined) this.set(seconds);
    },
  });
  return {
    observe: ({ method, route, status, durationMs }) => durations.observe({ method, route, status }, durationMs / 1000),
    render: async () => ({ contentType: registry.contentType, text: await registry.metrics() }),
  };
}
