/** What travels between the server and its password thread. */

export type PasswordJob =
  | { readonly kind: "hash"; readonly password: string }
  | { readonly kind: "verify"; readonly password: string; readonly hash: string };

export type PasswordOutcome = { readonly kind: "hashed"; readonly hash: string } | { readonly kind: "verified"; readonly matches: boolean };
