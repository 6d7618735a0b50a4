/** Two devices of a new account meet: what every platform must be able to do. Plain JavaScript, since it runs where nothing strips types. */

/** `open` gives a database in memory, with `titles` to read it by. Returns what both devices hold in the end. */
export async function exercise({ createSync, open, serverUrl, apiKey, email, password }) {
  const [laptop, phone] = [await open(), await open()];
  const syncs = [laptop, phone].map(({ database }, place) =>
    createSync({ database, deviceName: place === 0 ? "laptop" : "phone", platform: "linux", serverUrl, apiKey }),
  );
  for (const sync of syncs) await sync.signIn(email, password);
  await syncs[0].setupEncryptionNew("only my devices know this");
  await syncs[1].setupEncryptionExisting("only my devices know this");

  laptop.exec("INSERT INTO lists VALUES ('l1', 'Groceries'); INSERT INTO items VALUES ('i1', 'l1', 'Milk 🥛', 0)");
  for (const sync of syncs) await sync.syncNow();
  phone.exec("UPDATE items SET title = title || ' and back'; INSERT INTO items VALUES ('i2', 'l1', 'Bread', 1)");
  for (const sync of syncs.toReversed()) await sync.syncNow();
  return [laptop.titles(), phone.titles()];
}
