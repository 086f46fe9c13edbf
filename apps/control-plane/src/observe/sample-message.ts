const longest = 500

/** In this order: what is cut out first may lie inside what a later rule would keep. */
const rules: readonly (readonly [RegExp, string])[] = [
  // Connection strings, with or without a password.
  [/\b[a-z][a-z0-9+.-]*:\/\/[^\s'"]+/gi, '[url]'],
  [/\b(bearer|basic) +[\w.~+/=-]+/gi, '$1 [secret]'],
  // name=value and "name": "value" of what is secret by its name.
  [
    /\b(password|passwd|pwd|secret|token|api[_-]?key|authorization)(["']? *[=:] *)("[^"]*"|'[^']*'|[^\s,;]+)/gi,
    '$1$2[secret]',
  ],
  [/\b(?:ck|sk|sb|pk|rk|ghp|xox[a-z])_[\w-]+/g, '[secret]'],
  [/\beyJ[\w-]+\.[\w-]+\.?[\w-]*/g, '[secret]'],
  [/[\w.+-]+@[\w-]+\.[\w.-]+/g, '[address]'],
  [/\b\d{1,3}(?:\.\d{1,3}){3}\b/g, '[address]'],
  [/\b[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}\b/gi, '[id]'],
  // Long runs without a space that mix letters and digits: keys, hashes.
  [/\b(?=[\w+/-]*\d)(?=[\w+/-]*[A-Za-z])[\w+/-]{24,}={0,2}/g, '[secret]'],
]

const identifier = /^[A-Za-z_][\w.$]{0,62}$/

/** What Postgres and parsers quote of an input goes; a quoted name of a column or function stays. */
function cutQuoted(text: string): string {
  return text.replaceAll(/"([^"]*)"|'([^']*)'/g, (quoted, double?: string, single?: string) =>
    identifier.test(double ?? single ?? '') ? quoted : '[value]',
  )
}

/**
 * The message of a failure as it may be stored and shown: without keys, tokens, addresses, ids and quoted input, and at
 * most 500 characters. Failures of one group differ in those; what is the same stays.
 */
export function toSampleMessage(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error)
  // Cut before it is searched, with room for what the rules shorten: no message costs more than that.
  const cut = text.slice(0, 4 * longest)
  const clean = cutQuoted(
    rules.reduce((message, [pattern, replacement]) => message.replaceAll(pattern, replacement), cut),
  )
  return clean.length > longest ? `${clean.slice(0, longest - 1)}…` : clean
}
