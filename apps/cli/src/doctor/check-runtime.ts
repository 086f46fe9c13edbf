import { type Finding, fault, ok } from './finding.ts'

const leastNodeMajor = 24

export function checkNode(version: string): Finding {
  if (Number(version.split('.')[0]) >= leastNodeMajor) return ok('node', version)
  return fault(
    'node',
    `${version} does not run TypeScript as it is`,
    `Install Node ${leastNodeMajor}, or use npm run core, which brings one.`,
  )
}
