import { loadConfig } from '@core/config'
import {
  exampleInstallation,
  exampleProjects,
  installProjects,
  makeFirstKeys,
  startControlPlane,
} from '@core/control-plane'
import { createTestDatabase } from '@core/database/testing'
import { silentLogger } from '@core/foundation'
import { type CoreOptions, type CoreResult, type RunningCore, runCoreProcess } from './core-process.ts'
import { runInProcess } from './run-in-process.ts'

/** Runs the command to its end in this process, which takes a twentieth of the CPU. `start` runs in a process of its own. */
export function runCore(args: readonly string[], options: CoreOptions): Promise<CoreResult> {
  if (args[0] === 'start') return runCoreProcess(args, options)
  const { cwd, env = {}, stdin = '' } = options
  return runInProcess(args, { cwd, stdin, env: { PATH: process.env['PATH'], ...env } })
}

/** A control plane in this process, with the example's projects on a database of its own on the server that the tests share. */
export async function startCore({ cwd, env = {} }: Omit<CoreOptions, 'stdin'>): Promise<RunningCore> {
  const test = await createTestDatabase()
  await installProjects(test.database, exampleInstallation)
  const {
    ownerKey = '',
    projectKeys,
    confirmShown,
  } = await makeFirstKeys(test.database, {
    projects: exampleProjects,
    hasOwnerKey: false,
  })
  await confirmShown()
  const config = loadConfig({
    env: { CORE_HTTP_PORT: '0', ...env },
    cwd,
    overrides: { database: { driver: 'postgres', url: test.url } },
  })
  const plane = await startControlPlane({ config, logger: silentLogger })
  return {
    url: plane.url,
    keys: { owner: ownerKey, ...Object.fromEntries(projectKeys.map(({ project, key }) => [project, key])) },
    async stop() {
      await plane.close()
      await test.drop()
    },
  }
}
