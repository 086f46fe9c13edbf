import { type Claims, type CoreSignature, coreSignatures, type Database, type JsonInput } from '@core/database'
import { CoreError, copyStorable, isCoreError, isObject, type Logger } from '@core/foundation'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { requireJson } from '../auth/gate.ts'
import { authenticationOf, type Keyring } from '../auth/keyring.ts'
import { claimsOf, isOwner, ownerClaimsOf, type Principal } from '../auth/principal.ts'
import type { Admission } from '../limits/admission.ts'
import type { ErrorSink } from '../observe/error-tracker.ts'
import { maxBodyDepth } from './json-body.ts'
import { reportFailure } from './problems.ts'
import { RestError, toRestReply } from './rest-error.ts'

export interface RestRpcDependencies {
  readonly database: Pick<Database, 'call'>
  readonly keyring: Keyring
  readonly admission: Admission
  readonly logger: Logger
  readonly errors: ErrorSink
}

const schema = 'core_api'
/** Names of arguments that an answer repeats, at most. */
const shownArguments = 50
const media = 'application/json; charset=utf-8'
const signatures: ReadonlyMap<string, CoreSignature> = new Map(coreSignatures.map((known) => [known.name, known]))

/**
 * `POST /rest/v1/rpc/{function}` as PostgREST answers it, so that supabase-js works against a control plane as against
 * Supabase. The owner's key acts as service_role; a project's key as core_member with its claims, and it reaches only
 * the functions granted to that role: the connection below belongs to the owner, so the grant is checked here.
 */
export function installRestRpc(
  app: FastifyInstance,
  { database, keyring, admission, logger, errors }: RestRpcDependencies,
): void {
  function authenticate(request: FastifyRequest, reply: FastifyReply): Principal | Promise<Principal> {
    return admission.authenticate(request, reply, authenticationOf(keyring, credentialOf(request)))
  }

  async function gate(request: FastifyRequest, reply: FastifyReply): Promise<void> {
    const principal = await authenticate(request, reply)
    request.caller = { principal, project: principal.project ?? '', isRoot: false, idempotencyKey: '' }
    const profile = request.headers['content-profile']
    if (profile !== schema) {
      throw new RestError(406, 'PGRST106', `Invalid schema: ${String(profile ?? '(none)').slice(0, 100)}`, {
        hint: `Only the following schemas are exposed: ${schema}. With supabase-js: createClient(…).schema('${schema}')`,
      })
    }
    requireJson(request.headers)
  }

  app.register(
    async (rest) => {
      rest.setErrorHandler((error, request, reply) => sendError(error, request, reply, { logger, errors }))
      rest.setNotFoundHandler((request, reply) =>
        sendError(
          new RestError(404, 'PGRST125', 'Invalid path specified in request URL', {
            hint: 'POST /rest/v1/rpc/{function} is all that there is: Core has functions and no tables.',
          }),
          request,
          reply,
          { logger, errors },
        ),
      )
      rest.route<{ Params: { function: string } }>({
        method: 'POST',
        url: '/rpc/:function',
        config: { auth: 'authenticated' },
        onRequest: gate,
        async handler(request, reply) {
          const { principal } = request.caller ?? {}
          if (principal === undefined) throw new CoreError('E_INTERNAL', 'handler reached without a principal')
          const name = request.params.function
          const claims = actAs(principal, name, request.id)
          const answer = await database.call(name, toArguments(request.body), { claims })
          if (signatures.get(name)?.returns === 'void') return reply.code(204).send()
          return reply.type(media).send(JSON.stringify(answer))
        },
      })
      rest.route({
        method: ['GET', 'HEAD', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'],
        url: '/rpc/:function',
        config: { auth: 'public' },
        exposeHeadRoute: false,
        onRequest: async (request: FastifyRequest, reply: FastifyReply) => {
          await admission.anonymous(request, reply)
          reply.header('allow', 'POST')
          throw new RestError(405, 'PGRST117', `Unsupported HTTP method: ${request.method}`)
        },
        handler: () => undefined,
      })
    },
    { prefix: '/rest/v1' },
  )
}

/** supabase-js sends both; a gateway's `apikey` alone is as good as a bearer token. */
function credentialOf({ headers }: FastifyRequest): string | undefined {
  const { authorization, apikey } = headers
  return authorization ?? (typeof apikey === 'string' ? `Bearer ${apikey}` : undefined)
}

/** The claims of a call; they bind every credential but the owner's. Throws where the role may not execute the function. */
function actAs(principal: Principal, name: string, requestId: string): Claims {
  if (principal.project === '') {
    throw new RestError(403, '42501', 'a user with none or several projects cannot call functions here', {
      hint: 'Use the key of a project, or /v1/projects/{project}, which names one.',
    })
  }
  if (principal.project !== undefined) {
    const signature = signatures.get(name)
    // What this version does not know, it cannot know to be safe for a project.
    if (signature === undefined) throw new RestError(404, 'PGRST202', missing(name))
    if (!signature.isForMembers) throw new RestError(403, '42501', `permission denied for function ${name}`)
    return claimsOf(principal, principal.project, requestId)
  }
  if (isOwner(principal)) return ownerClaimsOf(principal, requestId)
  // Without claims the database would let it do everything, and claims need a project.
  throw new RestError(403, '42501', 'a key without a project and with only some scopes cannot call functions here', {
    hint: 'Use the key of a project, or one of the owner with every scope.',
  })
}

function toArguments(body: unknown): Readonly<Record<string, JsonInput>> {
  if (body === undefined) return {}
  const args = isObject(body) ? copyStorable('body', body, { maxDepth: maxBodyDepth }) : undefined
  if (isObject(args)) return args
  throw new RestError(400, 'PGRST102', 'Empty or invalid json', { details: 'the arguments must be a JSON object' })
}

function missing(name: string, given: readonly string[] = []): string {
  const list = given.length === 0 ? ' without parameters' : `(${given.join(', ')})`
  return `Could not find the function ${schema}.${name}${list} in the schema cache`
}

/** PostgREST looks a function up by its name and arguments together, and names the one it would have taken. */
function notFound(request: FastifyRequest): RestError {
  const { params, body } = request
  const name = isObject(params) ? String(params['function']) : ''
  const known = signatures.get(name)
  const hint =
    known && `Perhaps you meant to call the function ${schema}.${name}(${known.args.map((arg) => arg.name).join(', ')})`
  return new RestError(
    404,
    'PGRST202',
    missing(
      name,
      isObject(body)
        ? Object.keys(body)
            .slice(0, shownArguments)
            .map((key) => key.slice(0, 100))
        : [],
    ),
    {
      ...(hint === undefined ? {} : { hint }),
    },
  )
}

function sendError(
  error: unknown,
  request: FastifyRequest,
  reply: FastifyReply,
  reporters: Pick<RestRpcDependencies, 'logger' | 'errors'>,
): FastifyReply {
  const isMissing =
    isCoreError(error) &&
    (typeof error.details['function'] === 'string' ||
      error.details['reason'] === 'unknown_argument' ||
      error.details['reason'] === 'missing_argument')
  const { status, body, headers } = toRestReply(isMissing ? notFound(request) : error)
  if (status >= 500) reportFailure(error, request, reporters)
  return reply.code(status).headers(headers).type(media).send(JSON.stringify(body))
}
