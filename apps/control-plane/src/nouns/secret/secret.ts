import {
  listSecrets,
  listSharedSecrets,
  putSecret,
  putSharedSecret,
  removeSecret,
  removeSharedSecret,
  rewrapSecrets,
} from '@core/api'
import { callable, secretList, secretPut, secretRemove } from '@core/api/functions'
import { uuidv7 } from '@core/foundation'
import { requireOwner } from '../../auth/system-calls.ts'
import { serve } from '../../http/bound-route.ts'
import { toAnswer } from '../../http/denial.ts'
import { forward, forwardPage } from '../../http/forward.ts'
import type { CreateNoun } from '../../process/noun.ts'
import { secretPlace } from '../../vault/vault.ts'

/** Texts such as keys of providers: sealed here, kept as ciphertext, shown by no route. */
export const secret: CreateNoun = ({ vault }) => {
  const seal = (project: string | null, name: string, value: string) => {
    const version = uuidv7()
    return { name, version, sealed: vault.seal(secretPlace(project, name, version), value) }
  }
  return {
    routes: [
      forwardPage(listSecrets, secretList, 'secrets', ({ project }) => ({ project })),
      serve(putSecret, async ({ project, params: { name }, body, call }) => {
        const answer = await call(secretPut, { ...seal(project, name, body.value), project })
        return toAnswer(200, answer)
      }),
      forward(removeSecret, secretRemove, ({ project, params: { name } }) => ({ name, project })),
      serve(listSharedSecrets, async (context) => {
        const { secrets } = await callable({ rpc: requireOwner(context) }, secretList)({})
        return toAnswer(200, { ok: true, data: secrets, page: { next: null } })
      }),
      serve(putSharedSecret, async ({ params: { name }, body, ...context }) => {
        const put = callable({ rpc: requireOwner(context) }, secretPut)
        const answer = await put(seal(null, name, body.value))
        return toAnswer(200, answer)
      }),
      serve(removeSharedSecret, async ({ params: { name }, ...context }) =>
        toAnswer(200, await callable({ rpc: requireOwner(context) }, secretRemove)({ name })),
      ),
      serve(rewrapSecrets, async (context) => {
        const body = await vault.rewrap(requireOwner(context))
        return { status: 200, body }
      }),
    ],
  }
}
