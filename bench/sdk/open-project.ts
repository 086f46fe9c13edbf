import { credits } from '@core/ledger'
import { openPlane, type Plane } from '../http/open-plane.ts'

export const project = 'bench_sdk'

export interface ProjectOfPlane extends AsyncDisposable {
  readonly plane: Plane
  readonly key: string
  /** Where a function of the database is called by REST. */
  rpcUrl(name: string): string
}

/** A control plane with a project that has credits and a key of its own. */
export async function openProject(folder: string): Promise<ProjectOfPlane> {
  await using stack = new AsyncDisposableStack()
  const plane = stack.use(await openPlane(folder, { CORE_LIMITS_CREDENTIAL_REQUESTS: '1000000' }))
  const { client } = plane
  await client.createProject({ body: { name: project } })
  await client.openAccount({ params: { project }, body: { account: project, kind: 'project' } })
  await client.grantCredits({ params: { project }, body: { account: project, amount: credits(1_000_000) } })
  const { secret } = await client.createApiKey({ params: { project }, body: { name: 'bench' } })
  if (secret === null) throw new Error('the key has no secret')
  const moved = stack.move()
  return {
    plane,
    key: secret,
    rpcUrl: (name) => `${plane.url}/rest/v1/rpc/${name}`,
    [Symbol.asyncDispose]: () => moved.disposeAsync(),
  }
}
