const redacted = '[redacted]'

/** To a space or a quote, also where its password holds what should have been encoded. */
const address = /:\/\/[^\s"'<>]+/g

/** Like the address, each takes time in proportion to the text, whatever the text: messages quote what strangers send. */
const rules: readonly (readonly [RegExp, string])[] = [
  [/([?&](?:password|passwd|pwd|secret|token|api[_-]?key|key)=)[^\s"'&#]+/gi, `$1${redacted}`],
  [/\b(bearer|basic) +[\w.~+/=-]{8,}/gi, `$1 ${redacted}`],
  [/\b(?:ck_(?:live|test)|cs|sb_secret)_[\w-]+/g, redacted],
  [/\beyJ[\w.-]{9,}/g, redacted],
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
  if (!suspicious.test(safe)) return safe
  return rules.reduce(
    (message, [form, shown]) => message.replaceAll(form, shown),
    safe.replaceAll(address, (url) => url.replace(/^.*@/, `://${redacted}@`)),
  )
}

/** Shorter ones occur in ordinary words, which would then say what the secret is. */
const shortest = 6
