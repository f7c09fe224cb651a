/**
 * What somebody who wants to join a run, or to know of it, and the run say to each other: JSON, one
 * object a message. `version` is in every answer, and stays where it is: by it two nuse that
 * understand nothing else of each other find out why.
 *
 * @module
 */
/** Longest message, bytes. */
export const JOIN_MESSAGE_MAX = 16_384;

/** As in the configuration (io/config.ts). */
export interface NamesView {
  readonly hostname: string | null;
  readonly nameservers: readonly string[];
  readonly search: readonly string[];
}

/** What does not change as long as a run lasts. */
export interface RunFacts {
  /** Of nuse. */
  readonly version: string;
  /** What `--name` said; null: nothing. */
  readonly name: string | null;
  readonly pid: number;
  /** The process that a shell sees (cli/front.ts); null: `pid`. */
  readonly frontPid: number | null;
  /** The first program and its arguments. */
  readonly command: string;
  /** When it began, ISO 8601. */
  readonly since: string;
  /** It stays until the last joined program has ended. */
  readonly isKept: boolean;
  /** --host-network: the programs are in the host's network namespace. */
  readonly isNetworkShared: boolean;
  readonly names: NamesView;
}

export interface InterfaceView {
  readonly name: string;
  /** "198.18.0.2/24" */
  readonly addresses: readonly string[];
}

/** A run as it is now. */
export interface RunView extends RunFacts {
  readonly interfaces: readonly InterfaceView[];
  /** Sockets that programs hold. */
  readonly sockets: number;
  /** Programs that have joined and still run. */
  readonly joined: number;
  /** Of DHCP and of routers. */
  readonly nameservers: readonly string[];
  readonly searchDomains: readonly string[];
}

export interface JoinRequest {
  /** To know of the run, or to be one of its programs. */
  readonly ask: "list" | "join";
  readonly version: string;
}

export type JoinAnswer =
  | { readonly kind: "run"; readonly version: string; readonly run: RunView }
  /**
   * With the descriptor of the programs' network namespace, if they have one; `hasUser`: a second
   * message brings that of the user namespace which owns it.
   */
  | {
    readonly kind: "joined";
    readonly version: string;
    readonly run: RunView;
    readonly hasUser: boolean;
  }
  /** Of the user namespace. */
  | { readonly kind: "user"; readonly version: string }
  | { readonly kind: "refused"; readonly version: string; readonly why: string }
  /** The run is over; the connection ends. Without this, it has been killed. */
  | { readonly kind: "ended"; readonly version: string };

export function encodeJoin(message: JoinRequest | JoinAnswer): Uint8Array<ArrayBuffer> {
  return new TextEncoder().encode(JSON.stringify(message));
}

/** null: it is no message of this kind. */
export function decodeRequest(bytes: Uint8Array): JoinRequest | null {
  const { ask, version } = parse(bytes);
  if ((ask !== "list" && ask !== "join") || typeof version !== "string") return null;
  return { ask, version };
}

/** As from another version: only `version` is sure; null: it is no message of this kind. */
export function decodeAnswer(bytes: Uint8Array): JoinAnswer | null {
  const answer = parse(bytes);
  return typeof answer.version === "string" ? answer as unknown as JoinAnswer : null;
}

/** Copied first: a decoder takes no view of memory that others write. */
function parse(bytes: Uint8Array): Record<string, unknown> {
  try {
    const value = JSON.parse(new TextDecoder().decode(bytes.slice()));
    return typeof value === "object" && value !== null ? value : {};
  } catch {
    return {};
  }
}
