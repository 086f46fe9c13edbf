import { isProblemCode, problems } from '@core/api'
import { CoreError } from '@core/foundation'
import type { CoreAnswer, Denial, Denials, RouteAnswer } from './bound-route.ts'
import { toCamelCase } from './camel-case.ts'

/** An answer of core_api as an answer of a route: the success with this status, or the denial. */
export function toAnswer(status: number, answer: CoreAnswer): RouteAnswer {
  return answer['ok'] === true ? { status, body: toCamelCase(answer) } : toDenial(answer)
}

/** An answer that is not `ok`, as a denial. */
export function toDenial(answer: CoreAnswer): Denial {
  // A hold's status is not the problem's.
  const { ok, code, status: holdStatus, ...rest } = answer
  if (!isProblemCode(code)) {
    throw new CoreError('E_INTERNAL', 'the database denied with a code this server does not know', {
      details: { code },
    })
  }
  const facts = holdStatus === undefined ? rest : { ...rest, holdStatus }
  return { problem: code, facts: Object.fromEntries(Object.entries(Object(toCamelCase(facts)))) }
}

/** The sentence for a denial; the title of its problem where no noun has one. */
export function describeDenial({ problem, facts }: Denial, denials: Denials): string {
  return denials[problem]?.(facts) ?? problems[problem].title
}
