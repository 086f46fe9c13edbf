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
  firstStart: { ownerKey, projectKeys, projects },
}: Started): string {
  const addresses = [
    `Core is running at ${url}`,
    `  docs      ${publicUrl}/docs`,
    `  openapi   ${publicUrl}/openapi.json`,
  ]
  const [first] = projectKeys
  const [project] = projects
  if (project === undefined) {
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
      `  curl -sS -X POST ${url}/v1/projects/${project}/api-keys -H "Authorization: Bearer $CORE_OWNER_KEY" -H "Idempotency-Key: $(date +%s)" -H 'Content-Type: application/json' -d '{"name":"another"}'`,
      'Where the owner key is lost, start with CORE_OWNER_KEY set to a new one of your own.',
    ])
  }
  return lines([
    ...addresses,
    '',
    'These keys are shown once. Keep them:',
    ...(ownerKey === undefined ? [] : [`  owner         ${ownerKey}`]),
    ...projectKeys.map(({ project, key }) => `  ${project.padEnd(12)}  ${key}`),
    ...(first === undefined
      ? []
      : [
          '',
          'Try it: set two and a half credits aside.',
          `  ${renderReserve(url, first)}`,
          '',
          'Call a model, with curl or any OpenAI client; core credits history shows the call and its price.',
          `  ${renderChat(url, first)}`,
          `  new OpenAI({ baseURL: '${url}/v1/projects/current/openai/v1', apiKey: '${first.key}' }).chat.completions.create({ model: 'local', messages: [{ role: 'user', content: 'What is a hold?' }] })`,
        ]),
  ])
}

function renderReserve(url: string, { project, key }: FirstStart['projectKeys'][number]): string {
  const body = JSON.stringify({ account: project, amount: 2_500_000 })
  return `curl -sS -X POST ${url}/v1/projects/current/holds -H 'Authorization: Bearer ${key}' -H 'Idempotency-Key: first-try' -H 'Content-Type: application/json' -d '${body}'`
}

function renderChat(url: string, { key }: FirstStart['projectKeys'][number]): string {
  const body = JSON.stringify({ model: 'local', messages: [{ role: 'user', content: 'What is a hold?' }] })
  return `curl -sS ${url}/v1/projects/current/openai/v1/chat/completions -H 'Authorization: Bearer ${key}' -H 'Content-Type: application/json' -d '${body}'`
}

function lines(texts: readonly string[]): string {
  return `${texts.join('\n')}\n`
}
