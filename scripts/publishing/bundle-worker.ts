import { join } from 'node:path'
import { rolldown } from 'rolldown'

/** On Cloudflare Workers: one core for each request. */
export const workerProgram = `
import { withCore } from '@core/sdk'
import { callEveryNoun } from '@core/sdk/testing'
import { useCore } from './use-core.js'

export default {
  fetch: ({ url }, env, context) =>
    withCore(env, context, async (core) =>
      Response.json(url.endsWith('/every-noun') ? await callEveryNoun(core, 'manus_origin') : await useCore(core)),
    ),
}
`

/** Bundles the worker of a sibling as the tools of Cloudflare do: for their conditions, in modules loaded as needed. */
export async function bundleWorker(folder: string): Promise<string> {
  const build = await rolldown({
    input: join(folder, 'worker.js'),
    platform: 'browser',
    logLevel: 'silent',
    resolve: { conditionNames: ['workerd', 'worker', 'module', 'import', 'default'] },
    external: (id) => id.startsWith('node:'),
  })
  const dir = join(folder, 'worker')
  await build.write({ format: 'esm', dir })
  await build.close()
  return dir
}
