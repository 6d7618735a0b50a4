/** The commands that change or list something and end: `app`, `user`, `device`, `signing-key` and `audit`. */
import type { Argv } from "yargs";
import * as manage from "./manage.ts";
import { integer, managed, positionals, text } from "./read-arguments.ts";

const MAX_EVENTS = 10_000;
const APP = { app: "Name or id of the app" };
const EMAIL = { email: "Address that the user signs in with" };

export const manageCommands = (argv: Argv): Argv =>
  argv
    .command("app", "Apps: their API keys, and where their sign-ins may return to", appCommands)
    .command("user", "Users: their passwords and sessions", userCommands)
    .command("device", "Devices of a user", deviceCommands)
    .command("signing-key", "The key that signs sessions", signingKeyCommands)
    .command("audit", "Who signed in and what was changed, the newest first", auditOptions, (read) =>
      manage.auditList(managed(read), integer(read, "limit", 1, MAX_EVENTS)),
    );

const nothing = (argv: Argv): Argv => argv;

const appCommands = (app: Argv): Argv =>
  app
    .command("create <name>", "Make an app and print its API key, once", positionals({ name: "Name of the app" }), (read) =>
      manage.appCreate(managed(read), text(read, "name")),
    )
    .command("list", "List the apps", nothing, (read) => manage.appList(managed(read)))
    .command("new-key <app>", "Replace the API key: nobody signs in with the old one any more", positionals(APP), (read) =>
      manage.appNewKey(managed(read), text(read, "app")),
    )
    .command("remove <app>", "Remove an app with everything that users have synced with it", surely(APP), (read) =>
      manage.appRemove(managed(read), text(read, "app"), read["yes"] === true),
    )
    .command("redirect", "Addresses that sign-ins may return to, besides the user's own computer", redirectCommands)
    .demandCommand(1, "Say what to do: app create NAME, list, new-key APP, remove APP, or redirect.");

const redirectCommands = (redirect: Argv): Argv =>
  redirect
    .command(
      "add <app> <uri>",
      "Allow an address",
      positionals({ ...APP, uri: "https address, or a scheme like com.example.app:/x" }),
      (read) => manage.redirectAdd(managed(read), text(read, "app"), text(read, "uri")),
    )
    .command("remove <app> <uri>", "Allow it no more", positionals({ ...APP, uri: "The address" }), (read) =>
      manage.redirectRemove(managed(read), text(read, "app"), text(read, "uri")),
    )
    .command("list <app>", "List the addresses", positionals(APP), (read) => manage.redirectList(managed(read), text(read, "app")))
    .demandCommand(1, "Say what to do: app redirect add APP URI, remove APP URI, or list APP.");

const userCommands = (user: Argv): Argv =>
  user
    .command("create <email>", "Make a user; asks for the password", withPassword, (read) =>
      manage.userCreate(managed(read), text(read, "email"), read["password-stdin"] === true),
    )
    .command("list", "List the users", nothing, (read) => manage.userList(managed(read)))
    .command("usage <email>", "What a user's changes and blobs take, for every app", positionals(EMAIL), (read) =>
      manage.userUsage(managed(read), text(read, "email")),
    )
    .command("password <email>", "Give a user another password, and end all sessions", withPassword, (read) =>
      manage.userPassword(managed(read), text(read, "email"), read["password-stdin"] === true),
    )
    .command("sign-out <email>", "End all sessions of a user, on every device and of every app", positionals(EMAIL), (read) =>
      manage.userSignOut(managed(read), text(read, "email")),
    )
    .command("remove <email>", "Remove a user with everything", surely(EMAIL), (read) =>
      manage.userRemove(managed(read), text(read, "email"), read["yes"] === true),
    )
    .demandCommand(1, "Say what to do: user create EMAIL, list, usage EMAIL, password EMAIL, sign-out EMAIL, or remove EMAIL.");

const surely = (names: Readonly<Record<string, string>>) => (argv: Argv) =>
  positionals(names)(argv).option("yes", { describe: "Do it, and ask nothing", type: "boolean", default: false });

const withPassword = (argv: Argv): Argv =>
  positionals(EMAIL)(argv).option("password-stdin", {
    describe: "Read the password from standard input",
    type: "boolean",
    default: false,
  });

const deviceCommands = (device: Argv): Argv =>
  device
    .command("list <email>", "List the devices of a user, of every app", positionals(EMAIL), (read) =>
      manage.deviceList(managed(read), text(read, "email")),
    )
    .command("remove <email> <id>", "Take a device off the list", positionals({ ...EMAIL, id: "Id of the device" }), (read) =>
      manage.deviceRemove(managed(read), text(read, "email"), text(read, "id")),
    )
    .demandCommand(1, "Say what to do: device list EMAIL, or device remove EMAIL ID.");

const signingKeyCommands = (key: Argv): Argv =>
  key
    .command(
      "rotate",
      "Sign with a new key; what the old one signed counts until it expires",
      (argv) =>
        argv.option("drop-old", { describe: "Forget the old keys at once, which ends every session", type: "boolean", default: false }),
      (read) => manage.signingKeyRotate(managed(read), read["drop-old"] === true),
    )
    .demandCommand(1, "Say what to do: signing-key rotate.");

const auditOptions = (argv: Argv): Argv =>
  argv.option("limit", { describe: "How many events at most", type: "number", default: 100, requiresArg: true });
