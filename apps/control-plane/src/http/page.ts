import type { CoreAnswer, RouteAnswer } from './bound-route.ts'
import { toAnswer, toDenial } from './denial.ts'

/** A list of core_api as a page: `{ data, page: { next } }`. */
export function toPage(rows: string, answer: CoreAnswer): RouteAnswer {
  if (answer['ok'] !== true) return toDenial(answer)
  const next = answer['next'] ?? null
  return toAnswer(200, { ok: true, data: answer[rows], page: { next: next === null ? null : String(next) } })
}
