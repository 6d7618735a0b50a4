/** Where the endpoints are, and what a session token says of its issuer. */

export const endpoints = {
  auth: { method: "POST", path: "/auth" },
  registerDevice: { method: "POST", path: "/devices" },
  listDevices: { method: "GET", path: "/devices" },
  push: { method: "POST", path: "/push" },
  pull: { method: "POST", path: "/pull" },
  status: { method: "GET", path: "/status" },
  getKey: { method: "GET", path: "/keys" },
  putKey: { method: "PUT", path: "/keys" },
  uploadBlob: { method: "POST", path: "/blobs/upload" },
  confirmBlob: { method: "POST", path: "/blobs/confirm" },
  downloadBlob: { method: "POST", path: "/blobs/download" },
  extensions: { method: "GET", path: "/extensions" },
  subscribe: { method: "GET", path: "/subscribe" },
  /** Ours; the device's id follows the path. */
  removeDevice: { method: "DELETE", path: "/devices/" },
  /** Ours. */
  endSessions: { method: "POST", path: "/end-sessions" },
  getSnapshot: { method: "GET", path: "/snapshots" },
  putSnapshot: { method: "PUT", path: "/snapshots" },
  putSnapshotChunk: { method: "PUT", path: "/snapshots/chunks" },
  getSnapshotChunk: { method: "POST", path: "/snapshots/chunks" },
  putDigest: { method: "PUT", path: "/digests" },
  listDigests: { method: "GET", path: "/digests" },
} as const;

/** Where the endpoints are mounted; a client uses the first. */
export const API_PREFIXES = ["/api/sync", "/api/v1/sync"] as const;
export const OAUTH_AUTHORIZE_PATH = "/oauth/authorize";
export const OAUTH_TOKEN_PATH = "/oauth/token";
export const OAUTH_USERINFO_PATH = "/oauth/userinfo";
/** RFC 8414; the second is where OpenID Connect clients look. */
export const OAUTH_METADATA_PATHS = ["/.well-known/oauth-authorization-server", "/.well-known/openid-configuration"] as const;
/** Issuer claim of a session token. */
export const TOKEN_ISSUER = "makenotwork-synckit";
