import type { Session } from './session.ts'

export interface PageOptions {
  limit: string
  cursor?: string
}

/** A table has no room for the cursor; JSON carries it in `page.next`. */
export function printNextCursor({ output }: Session, next: string | null): void {
  if (next !== null && !output.isJson) output.info(`core: more rows: --cursor ${next}`)
}
