/** Notices in one process and between several that share a PostgreSQL. */
import pg from "pg";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { createTestDatabase, needing, services, type TestDatabase } from "../../../tests/services/running.ts";
import { createMemoryNotices } from "./memory-notices.ts";
import type { Notices } from "./port.ts";
import { openPostgresNotices } from "./postgres-notices.ts";

const ada = { appId: "app", userId: "ada" };
const bob = { appId: "app", userId: "bob" };

/** Counts what a listener was told, and waits for the next time. */
function listener() {
  let told = 0;
  let wake = (): void => {};
  return {
    hear: () => {
      told += 1;
      wake();
    },
    told: () => told,
    next: () => new Promise<void>((resolve) => (wake = resolve)),
  };
}

test("a listener hears of its own account until it stops", async () => {
  const notices = createMemoryNotices();
  const heard = listener();
  const stop = notices.subscribe(ada, heard.hear);

  notices.publish(ada, "desk");
  notices.publish(bob, "desk");
  expect(heard.told()).toBe(1);
  stop();
  stop();
  notices.publish(ada, "desk");

  expect(heard.told()).toBe(1);
});

test("a listener that stops when it is told keeps no other from hearing", () => {
  const notices = createMemoryNotices();
  const [first, second] = [listener(), listener()];
  const stop = notices.subscribe(ada, () => {
    first.hear();
    stop();
  });
  notices.subscribe(ada, second.hear);

  notices.publish(ada, "desk");
  notices.publish(ada, "desk");

  expect([first.told(), second.told()]).toEqual([1, 2]);
});

describe.skipIf(services.postgres === null)(`between servers on ${needing("postgres", "PostgreSQL")}`, () => {
  let database: TestDatabase;
  let one: Notices;
  let two: Notices;
  beforeEach(async () => {
    database = await createTestDatabase();
    [one, two] = await Promise.all([openPostgresNotices(database), openPostgresNotices(database)]);
  });
  afterEach(async () => {
    await Promise.all([one.close(), two.close()]);
    await database.drop();
  });

  test("what one publishes, both hear, each once", async () => {
    const [here, there, others] = [listener(), listener(), listener()];
    one.subscribe(ada, here.hear);
    two.subscribe(ada, there.hear);
    two.subscribe(bob, others.hear);
    const arrived = there.next();

    one.publish(ada, "desk");
    expect(here.told()).toBe(1);
    await arrived;
    const answered = here.next();
    two.publish(ada, "desk");
    await answered;

    expect([here.told(), there.told(), others.told()]).toEqual([2, 2, 0]);
  });

  test("more accounts than one notice holds all arrive", async () => {
    const scopes = Array.from({ length: 1000 }, (_, i) => ({ appId: "app", userId: `user ${i}` }));
    const arrivals = scopes.map((scope) => new Promise<void>((resolve) => void two.subscribe(scope, () => resolve())));

    for (const scope of scopes) one.publish(scope, "desk");

    await Promise.all(arrivals);
  });

  test("after the connection broke, listeners are told without cause and then hear again", async () => {
    const heard = listener();
    two.subscribe(ada, heard.hear);
    const told = heard.next();
    const client = new pg.Client(database.url);
    await client.connect();
    await client.query(
      "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()",
    );
    one.publish(ada, "desk");
    await client.end();
    await told;
    const again = heard.next();

    one.publish(ada, "desk");

    await again;
  });
});
