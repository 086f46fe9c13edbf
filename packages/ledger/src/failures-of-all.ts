/** Failures that no single call causes: the next one would fail the same way, and this one may pass when they are over. */
export const FAILURES_OF_ALL: ReadonlySet<string> = new Set(['E_UNAUTHENTICATED', 'E_DATABASE_SCHEMA', 'E_CLOSED'])
