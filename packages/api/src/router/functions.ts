import { z } from 'zod/mini'
import { accepted, instant, object, whole } from '../contract/answer-field.ts'
import * as argument from '../contract/function-argument.ts'
import { describeFunction } from '../contract/function-description.ts'

const { bigint, integer, json, optional, text, texts } = argument

const changed = { updated_at: instant, updated_by: z.string(), etag: z.string() }
const provider = {
  name: z.string(),
  project: z.nullable(z.string()),
  kind: z.string(),
  base_url: z.nullable(z.string()),
  secret: z.nullable(z.string()),
  settings: object,
  ...changed,
}
const route = {
  name: z.string(),
  project: z.nullable(z.string()),
  targets: z.array(object),
  policy: object,
  ...changed,
}
const call = {
  id: whole,
  call: z.string(),
  at: instant,
  subject: z.string(),
  account: z.string(),
  hold: z.nullable(z.string()),
  operation: z.string(),
  route: z.string(),
  target: z.nullable(z.string()),
  model: z.nullable(z.string()),
  user: z.nullable(z.string()),
  tags: z.array(z.string()),
  status: whole,
  usage: object,
  charged: whole,
  flags: z.array(z.string()),
  attempts: whole,
  first_output_ms: z.nullable(whole),
  total_ms: whole,
}
const project = optional(text)

export const providerSet = describeFunction({
  name: 'provider_set',
  args: {
    name: text,
    kind: text,
    baseUrl: optional(text),
    secret: optional(text),
    settings: optional(json),
    project,
    ifMatch: optional(texts),
  },
  answer: z.object({ ...accepted, ...provider }),
})

export const providerRemove = describeFunction({
  name: 'provider_remove',
  args: { name: text, project },
  answer: z.object({ ...accepted, removed: z.boolean() }),
})

export const providerList = describeFunction({
  name: 'provider_list',
  args: { project },
  answer: z.object({ ...accepted, providers: z.array(z.object(provider)) }),
})

export const routeSet = describeFunction({
  name: 'route_set',
  args: { name: text, targets: json, policy: optional(json), project, ifMatch: optional(texts) },
  answer: z.object({ ...accepted, ...route }),
})

export const routeRemove = describeFunction({
  name: 'route_remove',
  args: { name: text, project },
  answer: z.object({ ...accepted, removed: z.boolean() }),
})

export const routeList = describeFunction({
  name: 'route_list',
  args: { project, after: optional(text), limit: optional(integer) },
  answer: z.object({ ...accepted, routes: z.array(z.object(route)), next: z.nullable(z.string()) }),
})

/** Without `providers` and `routes` where nothing has changed. */
export const routerSnapshot = describeFunction({
  name: 'router_snapshot',
  args: { version: optional(bigint) },
  answer: z.object({
    ...accepted,
    version: whole,
    price_version: whole,
    coolings: z.array(z.object({ target: z.string(), ms: whole, reason: z.string() })),
    providers: z.optional(z.array(z.object(provider))),
    routes: z.optional(z.array(z.object(route))),
  }),
})

export const routerCool = describeFunction({
  name: 'router_cool',
  args: { target: text, ms: integer, reason: text },
  answer: z.object(accepted),
})

export const routerCallsPut = describeFunction({
  name: 'router_calls_put',
  args: { calls: json },
  answer: z.object({ ...accepted, written: whole }),
})

export const routerCalls = describeFunction({
  name: 'router_calls',
  args: { before: optional(bigint), limit: optional(integer), filter: optional(json), project },
  answer: z.object({ ...accepted, calls: z.array(z.object(call)), next: z.nullable(whole) }),
})

export const routerRecover = describeFunction({
  name: 'router_recover',
  args: { limit: optional(integer), afterS: optional(integer), crash: optional(text) },
  answer: z.object({ ...accepted, recovered: whole, charged: whole }),
})

export const routerSweep = describeFunction({
  name: 'router_sweep',
  args: { limit: optional(integer), days: optional(integer) },
  answer: z.object({ ...accepted, removed: whole, remaining: z.boolean() }),
})

export const routerAnswerPut = describeFunction({
  name: 'router_answer_put',
  args: { project: text, keyHash: text, requestHash: text, sealed: text },
  answer: z.object(accepted),
})

/** The answer is null where none is kept. */
export const routerAnswer = describeFunction({
  name: 'router_answer',
  args: { project: text, keyHash: text },
  answer: z.object({ ...accepted, answer: z.nullable(z.object({ request_hash: z.string(), sealed: z.string() })) }),
})

export const routerResponsePut = describeFunction({
  name: 'router_response_put',
  args: {
    project: text,
    idHash: text,
    provider: text,
    model: text,
    tokens: bigint,
    providerProject: optional(text),
    sealed: optional(text),
  },
  answer: z.object(accepted),
})

/** The response is null where none is known. */
export const routerResponse = describeFunction({
  name: 'router_response',
  args: { project: text, idHash: text },
  answer: z.object({
    ...accepted,
    response: z.nullable(
      z.object({
        provider: z.string(),
        provider_project: z.nullable(z.string()),
        model: z.string(),
        tokens: whole,
        sealed: z.nullable(z.string()),
      }),
    ),
  }),
})

export const routerResponseRemove = describeFunction({
  name: 'router_response_remove',
  args: { project: text, idHash: text },
  answer: z.object({ ...accepted, removed: z.boolean() }),
})

export const routerContentsPut = describeFunction({
  name: 'router_contents_put',
  args: { contents: json },
  answer: z.object({ ...accepted, written: whole }),
})

/** The content is null where none is kept. */
export const routerContent = describeFunction({
  name: 'router_content',
  args: { call: text, project },
  answer: z.object({ ...accepted, content: z.nullable(z.object({ at: instant, sealed: z.string() })) }),
})
