import type { Session } from './session.ts'

export interface PageOptions {
  limit: string
  cursor?: string
}

export interface Page<Row = unknown> {
  readonly data: readonly Row[]
  readonly page: { readonly next: string | null }
}

/** A call looks at a bounded part of a long list, so a page may be empty and have a next one: the first that has a row, or the last. */
export async function readPage<Query extends { cursor?: string }, Answer extends Page>(
  query: Query,
  read: (query: Query) => Promise<Answer>,
): Promise<Answer> {
  for (let answer = await read(query); ; ) {
    const { data, page } = answer
    if (data.length > 0 || page.next === null) return answer
    answer = await read({ ...query, cursor: page.next })
  }
}

/** A table has no room for the cursor; JSON carries it in `page.next`. */
export function printNextCursor({ output }: Session, next: string | null): void {
  if (next !== null && !output.isJson) output.info(`core: more rows: --cursor ${next}`)
}
