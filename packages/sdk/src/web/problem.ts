const sentences: Readonly<Record<string, string>> = {
  insufficient_credits: 'There are not enough credits for this request.',
  budget_exhausted: 'The budget for this period is used up.',
  lease_exhausted: 'The ledger is away, and what was set aside for that is used up.',
}

/** An answer of RFC 9457. */
export function toProblem(
  status: number,
  code: string,
  facts: object = {},
  headers: Record<string, string> = {},
): Response {
  const title = status === 402 ? 'Payment Required' : 'Service Unavailable'
  const detail = sentences[code] ?? `The request cannot be paid for: ${code.replaceAll('_', ' ')}.`
  return new Response(JSON.stringify({ type: 'about:blank', title, ...facts, status, code, detail }), {
    status,
    headers: { ...headers, 'content-type': 'application/problem+json', 'cache-control': 'no-store' },
  })
}
