import type { FirstStart } from './first-start.ts'

export interface Started {
  readonly url: string
  readonly publicUrl: string
  readonly firstStart: FirstStart
}

/** What `core start` says on standard output: at the first start with the keys, later without. */
export function renderStartMessage({
  url,
  publicUrl,
  firstStart: { ownerKey, projectKeys, isEmpty },
}: Started): string {
  const addresses = [
    `Core is running at ${url}`,
    `  docs      ${publicUrl}/docs`,
    `  openapi   ${publicUrl}/openapi.json`,
  ]
  const [first] = projectKeys
  if (isEmpty) {
    return lines([
      ...addresses,
      '',
      'No project is registered. Set this installation up, with a key for its owner and one for the project:',
      '  core init --project <name>',
    ])
  }
  if (ownerKey === undefined && first === undefined) {
    return lines([
      ...addresses,
      '',
      'The keys were shown at the first start. To make another one as the owner:',
      `  curl -sS -X POST ${url}/v1/projects/smart_layer/api-keys -H "Authorization: Bearer $CORE_OWNER_KEY" -H "Idempotency-Key: $(date +%s)" -H 'Content-Type: application/json' -d '{"name":"another"}'`,
      'Where the owner key is lost, start with CORE_OWNER_KEY set to a new one of your own.',
    ])
  }
  return lines([
    ...addresses,
    '',
    'These keys are shown once. Keep them:',
    ...(ownerKey === undefined ? [] : [`  owner         ${ownerKey}`]),
    ...projectKeys.map(({ project, key }) => `  ${project.padEnd(12)}  ${key}`),
    ...(first === undefined ? [] : ['', 'Try it: set two and a half credits aside.', `  ${renderReserve(url, first)}`]),
  ])
}

function renderReserve(url: string, { project, key }: FirstStart['projectKeys'][number]): string {
  const body = JSON.stringify({ account: project, amount: 2_500_000 })
  return `curl -sS -X POST ${url}/v1/projects/current/holds -H 'Authorization: Bearer ${key}' -H 'Idempotency-Key: first-try' -H 'Content-Type: application/json' -d '${body}'`
}

function lines(texts: readonly string[]): string {
  return `${texts.join('\n')}\n`
}
