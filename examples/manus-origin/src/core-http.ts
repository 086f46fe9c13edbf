export interface CoreAddress {
  url: string
  key: string
}

/** Every answer that is not a success. Decide by `code`; 402 means later or never, 503 and 504 mean the same again. */
export interface Problem {
  status: number
  code: string
  detail: string
}

export type Answer = { ok: true; body: Readonly<Record<string, unknown>> } | { ok: false; problem: Problem }

const attempts = 5

/**
 * One effect, however often it has to be sent: the key makes the second time harmless.
 * Gives up after the fifth attempt; the same key can be sent again whenever the caller comes back to it.
 */
export async function post(core: CoreAddress, path: string, key: string, body: object): Promise<Answer> {
  for (let attempt = 1; ; attempt++) {
    const answer = await send(core, path, key, body)
    if (answer.ok || answer.problem.status < 500 || attempt === attempts) return answer
    await new Promise((resolve) => setTimeout(resolve, Math.random() * 100 * 2 ** attempt))
  }
}

async function send(core: CoreAddress, path: string, key: string, body: object): Promise<Answer> {
  try {
    const response = await fetch(`${core.url}/v1/projects/current${path}`, {
      method: 'POST',
      headers: {
        authorization: `Bearer ${core.key}`,
        'content-type': 'application/json',
        'idempotency-key': key,
      },
      body: JSON.stringify(body),
      signal: AbortSignal.timeout(10_000),
    })
    const parsed: unknown = await response.json()
    const fields = typeof parsed === 'object' && parsed !== null ? { ...parsed } : {}
    return response.ok ? { ok: true, body: fields } : { ok: false, problem: toProblem(response.status, fields) }
  } catch (error) {
    // Not there, or gone before it answered: the outcome is unknown, which is what keys are for.
    return { ok: false, problem: { status: 503, code: 'unavailable', detail: String(error) } }
  }
}

function toProblem(status: number, body: Readonly<Record<string, unknown>>): Problem {
  return { status, code: String(body['code']), detail: String(body['detail']) }
}
