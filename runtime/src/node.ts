/** The parts of the SDK that need Node: the system's keychain, a folder of sealed secrets, signing in through the browser. */
export { openFileKeychain } from "./node/file-keychain.ts";
export type { FileKeychain, FileKeychainOptions } from "./node/file-keychain.ts";
export { folderBlobFiles } from "./node/folder-blob-files.ts";
export type { FolderBlobFilesOptions } from "./node/folder-blob-files.ts";
export { openLoopback } from "./node/loopback.ts";
export type { Loopback, LoopbackOptions } from "./node/loopback.ts";
export { openKeychain } from "./node/open-keychain.ts";
export type { OpenedKeychain, OpenKeychainOptions } from "./node/open-keychain.ts";
export { osKeychain } from "./node/os-keychain.ts";
export type { OsKeychainOptions } from "./node/os-keychain.ts";
export { signInWithBrowser } from "./node/sign-in-with-browser.ts";
export type { BrowserSignIn } from "./node/sign-in-with-browser.ts";
