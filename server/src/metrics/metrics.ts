/** What the server counts about itself, for Prometheus. Labels are routes, methods and statuses: never an id, a name or an address. */
import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from "prom-client";

export interface Metrics {
  /** `route`: the pattern, not the path. */
  answered(method: string, route: string, status: number, seconds: number): void;
  pushed(entries: number): void;
  pulled(entries: number): void;
  failed(): void;
  /** `count` is asked whenever somebody reads the metrics. */
  watchStreams(count: () => number): void;
  /** The text that Prometheus reads. */
  read(): Promise<{ readonly contentType: string; readonly text: string }>;
}

const SECONDS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

/** `isProcess`: memory, CPU and event loop too; they are of the whole process, so an embedding program may count them itself. */
export function createMetrics({ isProcess = false }: { readonly isProcess?: boolean } = {}): Metrics {
  const registry = new Registry();
  const registers = [registry];
  if (isProcess) collectDefaultMetrics({ register: registry });
  const requests = new Counter({
    name: "synckit_http_requests_total",
    help: "Requests that were answered",
    labelNames: ["method", "route", "status"],
    registers,
  });
  const durations = new Histogram({
    name: "synckit_http_request_duration_seconds",
    help: "Time from a request's headers to its answer's; of streams, to their beginning",
    labelNames: ["route"],
    buckets: SECONDS,
    registers,
  });
  const pushed = new Counter({ name: "synckit_changes_pushed_total", help: "Entries that were stored", registers });
  const pulled = new Counter({ name: "synckit_changes_pulled_total", help: "Entries that were sent to devices", registers });
  const failures = new Counter({ name: "synckit_failures_total", help: "Requests answered with 500 or 503", registers });
  let streams = (): number => 0;
  registry.registerMetric(
    new Gauge({
      name: "synckit_notice_streams",
      help: "Devices that wait for notices",
      registers: [],
      collect() {
        this.set(streams());
      },
    }),
  );
  return {
    answered: (method, route, status, seconds) => {
      requests.inc({ method, route, status });
      durations.observe({ route }, seconds);
    },
    pushed: (entries) => pushed.inc(entries),
    pulled: (entries) => pulled.inc(entries),
    failed: () => failures.inc(),
    watchStreams: (count) => void (streams = count),
    read: async () => ({ contentType: registry.contentType, text: await registry.metrics() }),
  };
}
