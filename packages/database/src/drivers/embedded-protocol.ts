import type { DatabaseFault } from '../database-error.ts'
import type { TextRow } from '../sql-session.ts'

/** What the main thread passes to the worker at its start. */
export interface EmbeddedStart {
  /** Folder of the cluster, or undefined for memory. */
  folder: string | undefined
  /** A dumped data folder to start from; memory only. */
  snapshot: Uint8Array | undefined
}

export type EmbeddedRequest =
  /** A kept one comes again with the same text. */
  | { id: number; kind: 'query' | 'kept_query'; sql: string; params: readonly (string | null)[] }
  | { id: number; kind: 'execute'; sql: string }
  | { id: number; kind: 'dump' }
  | { id: number; kind: 'close' }

export type EmbeddedReply =
  | { kind: 'ready' }
  /** `errno` where the file system refused: ENOSPC, EROFS … */
  | { kind: 'failed'; message: string; errno: string | undefined }
  | { kind: 'hint'; channel: string; payload: string }
  | { kind: 'rows'; id: number; rows: TextRow[] }
  | { kind: 'dumped'; id: number; snapshot: Uint8Array }
  | { kind: 'fault'; id: number; fault: DatabaseFault }
