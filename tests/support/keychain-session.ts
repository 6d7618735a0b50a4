/** Runs inside a session of its own (tests/keychain.test.ts): does what its arguments say with the system's keychain, and prints JSON. */
import { SyncError, SyncKitClient } from "@synckit-gen/runtime";
import { openKeychain, osKeychain } from "@synckit-gen/runtime/node";

const [action, ...rest] = process.argv.slice(2);
const print = (value: unknown): void => void process.stdout.write(`${JSON.stringify(value)}\n`);

try {
  if (action === "store") {
    const { keychain, kind } = await openKeychain();
    await keychain.set("account", Uint8Array.of(0, 255, 10, 13));
    print({ kind, stored: [...((await keychain.get("account")) ?? [])], missing: await keychain.get("nobody") });
  } else if (action === "read") {
    print({ read: [...((await osKeychain().get("account")) ?? [])] });
  } else if (action === "delete") {
    await osKeychain().delete("account");
    await osKeychain().delete("account");
    print({ read: await osKeychain().get("account") });
  } else if (action === "sign-in" || action === "later-run") {
    const [serverUrl = "", apiKey = "", email = "", password = ""] = rest;
    const client = new SyncKitClient({ serverUrl, apiKey, keychain: osKeychain() });
    if (action === "sign-in") {
      await client.authenticate(email, password);
      await client.setupEncryptionNew("row password");
    }
    print({ loaded: await client.tryLoadKeyFromKeychain(), hasKey: client.hasMasterKey(), session: client.sessionInfo() });
  }
} catch (error) {
  print({ code: error instanceof SyncError ? error.code : String(error) });
}
