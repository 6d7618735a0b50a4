import { expect, test } from "vitest";
import { connectivityOf, platformConnectivity } from "./platform.ts";

test("a browser says when it is online, and when that changes; elsewhere it is always online", () => {
  const page = new EventTarget();
  const navigator = { onLine: false };
  const connectivity = connectivityOf({
    navigator,
    addEventListener: (name, listener) => page.addEventListener(name, listener),
    removeEventListener: (name, listener) => page.removeEventListener(name, listener),
  });
  const seen: boolean[] = [];
  const unsubscribe = connectivity.subscribe(() => seen.push(connectivity.isOnline()));

  navigator.onLine = true;
  page.dispatchEvent(new Event("online"));
  navigator.onLine = false;
  page.dispatchEvent(new Event("offline"));
  unsubscribe();
  page.dispatchEvent(new Event("online"));

  expect(seen).toEqual([true, false]);
  expect(platformConnectivity.isOnline()).toBe(true);
});
