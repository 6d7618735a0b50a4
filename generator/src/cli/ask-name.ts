/** Asks what an app is called, where somebody can be asked. */
import { mayAsk } from "./ask.ts";
import type { Host } from "./host.ts";
import type { CommonOptions } from "./options.ts";

/** `otherwise`: the answer to Enter, and where nobody is asked. Null: the user ended the input. */
export async function askName(otherwise: string, request: CommonOptions & { readonly isYes: boolean }, host: Host): Promise<string | null> {
  if (request.isYes || !mayAsk(request, host)) return otherwise;
  const answer = await host.ask?.(`Name of the app (${otherwise}): `);
  if (answer === null || answer === undefined) return null;
  return answer.trim() === "" ? otherwise : answer.trim();
}
