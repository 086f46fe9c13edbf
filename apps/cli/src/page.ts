import type { Session } from './session.ts'

export interface PageOptions {
  limit: string
  cursor?: string
}

/** A table has no room for the cursor; JSON carries it in `page.next`. */
export function sayIfMore({ output }: Session, next: string | null): void {
  if (next !== null && !output.isJson) output.talk(`core: there is more; --cursor ${next} shows it`)
}
