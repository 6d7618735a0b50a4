import { expect, test } from "vitest";
import { packageName } from "./app-name.ts";

test.each([
  ["todo", "todo"],
  ["My Notes!", "my-notes"],
  ["_private", "private"],
  ["Übersicht", "u-bersicht"],
  ["日記", "app"],
  ["../x", "x"],
])("an app called %s has the package name %s", (app, name) => {
  expect(packageName(app)).toBe(name);
});
