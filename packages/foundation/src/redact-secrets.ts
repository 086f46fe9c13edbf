const redacted = '[redacted]'

/** In this order: a URL ends at a space or a quote, also where its password holds what should have been encoded. */
const rules: readonly (readonly [RegExp, string])[] = [
  [/\b([a-z][a-z0-9+.-]*:\/\/)[^\s"'<>]*@/gi, `$1${redacted}@`],
  [/([?&](?:password|passwd|pwd|secret|token|api[_-]?key|key)=)[^\s"'&#]+/gi, `$1${redacted}`],
  [/\b(bearer|basic) +[\w.~+/=-]{8,}/gi, `$1 ${redacted}`],
  [/\b(?:ck_(?:live|test)|cs|sb_secret)_[\w-]+/g, redacted],
  [/\beyJ[\w-]{8,}\.[\w-]+\.?[\w-]*/g, redacted],
]

/** What one of the rules looks for; most messages have none of it. */
const suspicious = /:\/\/|[?&]\w+=|bearer|basic|(?:c[ks]|sb)_|eyJ/i

/**
 * A message without the keys, tokens and passwords in it: those known by their form, and the given ones wherever they
 * are. Every CoreError's message, every logged error and what commands print about failures goes through it.
 */
export function redactSecrets(text: string, secrets: readonly string[] = []): string {
  let safe = text
  for (const secret of secrets) if (secret.length >= shortest) safe = safe.replaceAll(secret, redacted)
  return suspicious.test(safe) ? rules.reduce((message, [form, shown]) => message.replaceAll(form, shown), safe) : safe
}

/** Shorter ones occur in ordinary words, which would then say what the secret is. */
const shortest = 6
