/** `node --import` of this file runs the product with the fault that SYNCKIT_FAULT names: its source is changed while it is loaded. */
import { readFileSync } from "node:fs";
import { registerHooks } from "node:module";
import { fileURLToPath } from "node:url";
import { placeOf } from "./place.ts";

const place = placeOf(process.env["SYNCKIT_FAULT"] ?? "");

registerHooks({
  load: (url, context, next) =>
    url.startsWith("file:") && fileURLToPath(url) === place.file
      ? {
          format: "module-typescript",
          shortCircuit: true,
          source: readFileSync(place.file, "utf8").replace(place.find, () => place.replace),
        }
      : next(url, context),
});
