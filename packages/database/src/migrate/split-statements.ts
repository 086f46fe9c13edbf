/**
 * Splits a migration into the statements the Supabase CLI records: at each semicolon outside quotes, comments, dollar
 * quotes and `begin atomic` bodies; trimmed, without the semicolon, empty ones left out, comments kept with what follows.
 */
export function splitStatements(sql: string): string[] {
  const statements: string[] = []
  let begin = 0
  let atomicDepth = 0
  const next = new RegExp(mark) // of its own: it has a position
  for (let found = next.exec(sql); found; found = next.exec(sql)) {
    const { index: at } = found
    const [text] = found
    const skipped = skipToken(sql, at)
    if (skipped > at) next.lastIndex = skipped
    else if (text !== ';') atomicDepth = depthAfter(text.toLowerCase(), sql, at, atomicDepth)
    else if (atomicDepth === 0) {
      statements.push(sql.slice(begin, at))
      begin = at + 1
    }
  }
  statements.push(sql.slice(begin))
  return statements
    .map((statement) => statement.trim())
    .filter((statement) => statement !== '' && !isComment(statement))
}

/** Where something may begin or end: a quote, a comment, a word or a semicolon. Whatever lies between is passed over. */
const mark = /['"$;]|--|\/\*|[A-Za-z_][A-Za-z0-9_$]*/g

/** The position after the quote, comment or dollar quote that begins here, or the same position. */
function skipToken(sql: string, at: number): number {
  const two = sql.slice(at, at + 2)
  if (two === '--') return endOf(sql, '\n', at)
  if (two === '/*') return endOfBlockComment(sql, at)
  if (sql[at] === "'") return endOfQuote(sql, at, /[eE]/.test(sql[at - 1] ?? '') && !/\w/.test(sql[at - 2] ?? ''))
  if (sql[at] === '"') return endOf(sql, '"', at + 1)
  if (sql[at] === '$' && !/[\w$]/.test(sql[at - 1] ?? '')) {
    const tag = /^\$([A-Za-z_]\w*)?\$/.exec(sql.slice(at, at + 66))?.[0]
    if (tag) return endOf(sql, tag, at + tag.length)
  }
  return at
}

function endOf(sql: string, mark: string, from: number): number {
  const found = sql.indexOf(mark, from)
  return found < 0 ? sql.length : found + mark.length
}

function endOfQuote(sql: string, at: number, escapes: boolean): number {
  for (let next = at + 1; next < sql.length; next++) {
    if (escapes && sql[next] === '\\') next++
    else if (sql[next] === "'") return next + 1 // a doubled quote begins the next token at once
  }
  return sql.length
}

/** Block comments nest in Postgres. */
function endOfBlockComment(sql: string, at: number): number {
  let depth = 0
  for (let next = at; next < sql.length; ) {
    const two = sql.slice(next, next + 2)
    if (two === '/*') depth++
    else if (two === '*/' && --depth === 0) return next + 2
    next += two === '/*' || two === '*/' ? 2 : 1
  }
  return sql.length
}

/** `begin atomic ... end` holds semicolons of its own, and `case ... end` inside it an `end` of its own. */
function depthAfter(word: string, sql: string, at: number, depth: number): number {
  if (word === 'begin' && /^begin\s+atomic\b/i.test(sql.slice(at, at + 64))) return depth + 1
  if (depth > 0 && word === 'case') return depth + 1
  if (depth > 0 && word === 'end') return depth - 1
  return depth
}

function isComment(statement: string): boolean {
  let at = 0
  while (at < statement.length) {
    const next = /^(--|\/\*)/.test(statement.slice(at, at + 2)) ? skipToken(statement, at) : at
    if (next === at && !/\s/.test(statement[at] ?? '')) return false
    at = Math.max(next, at + 1)
  }
  return true
}
