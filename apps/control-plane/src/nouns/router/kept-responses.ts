import { createHash } from 'node:crypto'
import { callable, routerResponse, routerResponsePut, routerResponseRemove } from '@core/api/functions'
import type { Database } from '@core/database'
import { isCoreError, isObject } from '@core/foundation'
import type { KeptResponses, ResponseName } from '@core/router'
import { z } from 'zod'
import type { Vault } from '../../vault/vault.ts'

const contentShape = z.object({
  input: z.array(z.unknown()),
  response: z.custom<Readonly<Record<string, unknown>>>(isObject),
})
const timeoutMs = 2_000

/** Who answered which response, in the database; contents are sealed, for they hold what people asked. */
export function createKeptResponses(
  database: Pick<Database, 'rpc'>,
  vault: Pick<Vault, 'seal' | 'open'>,
): KeptResponses {
  const read = callable(database, routerResponse)
  const put = callable(database, routerResponsePut)
  const forget = callable(database, routerResponseRemove)
  const placeOf = ({ project, subject, id }: ResponseName) => [project, 'model response', subject, id]

  return {
    async find(name) {
      const { response } = await read({ project: name.project, idHash: hashOf(name) }, { timeoutMs })
      if (response === null) return undefined
      const { provider, provider_project: providerProject, model, tokens, sealed } = response
      const kept = { provider, providerProject, model, tokens }
      if (sealed === null) return { ...kept, content: undefined }
      try {
        return { ...kept, content: contentShape.parse(JSON.parse(vault.open(placeOf(name), sealed).reveal())) }
      } catch (error) {
        // Its key has gone, and it is lost.
        if (isCoreError(error, 'E_CONFLICT')) return undefined
        throw error
      }
    },
    async keep(name, { provider, providerProject, model, tokens, content }) {
      const sealed = content && vault.seal(placeOf(name), JSON.stringify(content))
      const whose = providerProject === null ? {} : { providerProject }
      const row = { project: name.project, idHash: hashOf(name), provider, model, tokens, ...whose }
      await put({ ...row, ...(sealed !== undefined && { sealed }) }, { timeoutMs })
    },
    async remove(name) {
      await forget({ project: name.project, idHash: hashOf(name) }, { timeoutMs })
    },
  }
}

/** Of whom it belongs to and its id: another caller's looks like one that is not there. */
function hashOf({ subject, id }: ResponseName): string {
  return createHash('sha256')
    .update(JSON.stringify([subject, id]))
    .digest('hex')
}
