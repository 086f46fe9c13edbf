import type { RouteContract } from '../route-contract.ts'
import { type SampleInput, toAddress, toSampleInput } from './sample-input.ts'

export interface Sample {
  readonly language: 'curl' | 'TypeScript' | 'Python'
  readonly text: string
}

/** One program per language, each complete: it reads CORE_URL and CORE_KEY from the environment. */
export function toSamples(route: RouteContract): Sample[] {
  const input = toSampleInput(route)
  return [
    { language: 'curl', text: toCurl(route, input) },
    { language: 'TypeScript', text: toTypeScript(route, input) },
    { language: 'Python', text: toPython(route, input) },
  ]
}

function toCurl(route: RouteContract, input: SampleInput): string {
  const { auth, idempotencyKey, method, produces } = route
  const address = `$CORE_URL${toAddress(route, input)}`
  if (produces === 'websocket') {
    const webSocket = address.replace('$CORE_URL', '$' + '{CORE_URL/http/ws}')
    return `# curl 8.11 or later\ncurl --no-buffer "${webSocket}" \\\n  -H "Authorization: Bearer $CORE_KEY"`
  }
  const flags = [
    ...(method === 'GET' ? [] : [`-X ${method}`]),
    ...(produces === 'text/event-stream' ? ['--no-buffer'] : []),
  ]
  return [
    `curl ${[...flags, `"${address}"`].join(' ')}`,
    ...(auth === 'public' ? [] : ['-H "Authorization: Bearer $CORE_KEY"']),
    ...(idempotencyKey === 'none' ? [] : ['-H "Idempotency-Key: $(date +%s)-$RANDOM"']),
    ...(input.body === undefined
      ? []
      : [
          "-H 'Content-Type: application/json'",
          `-d '${JSON.stringify(input.body, null, 2).replaceAll("'", "'\\''").replaceAll('\n', '\n  ')}'`,
        ]),
  ].join(' \\\n  ')
}

function toTypeScript(route: RouteContract, { params, query, body }: SampleInput): string {
  const key = route.auth === 'public' ? '' : ', key: process.env.CORE_KEY'
  const url = "url: process.env.CORE_URL ?? 'http://127.0.0.1:4400'"
  if (route.produces === 'websocket' || route.produces === 'text/event-stream') {
    return `import { createRealtimeClient } from '@core/api/realtime'

const realtime = createRealtimeClient({ ${url}, key: process.env.CORE_KEY ?? '' })
for await (const event of realtime.subscribe('ledger.alert')) console.log(event)`
  }
  const parts = Object.entries({ params, query, body }).filter(([, value]) => hasMembers(value))
  const request = parts.length === 0 ? '' : toLiteral(Object.fromEntries(parts), '')
  return `import { createClient } from '@core/api/client'

const core = createClient({ ${url}${key} })
const answer = await core.${route.operation}(${request})
console.log(answer)`
}

function hasMembers(value: unknown): boolean {
  return typeof value === 'object' && value !== null && Object.keys(value).length > 0
}

function toPython(route: RouteContract, input: SampleInput): string {
  const { auth, idempotencyKey, method, produces } = route
  const keyed = idempotencyKey !== 'none'
  const isStream = produces === 'websocket' || produces === 'text/event-stream'
  const address = produces === 'websocket' ? '/v1/projects/current/events' : toAddress(route, input)
  const headers = [
    ...(auth === 'public' && !isStream ? [] : [`"Authorization": "Bearer " + os.environ["CORE_KEY"]`]),
    ...(keyed ? ['"Idempotency-Key": str(uuid.uuid4())'] : []),
    ...(input.body === undefined ? [] : ['"Content-Type": "application/json"']),
  ]
  const modules = ['json', 'os', 'urllib.request', ...(keyed ? ['uuid'] : [])].filter(
    (name) => name !== 'json' || input.body !== undefined || (!isStream && produces !== 'text/html'),
  )
  return `${produces === 'websocket' ? '# The standard library has no WebSocket: this reads the event stream.\n' : ''}${modules.map((name) => `import ${name}`).join('\n')}

request = urllib.request.Request(
    os.environ["CORE_URL"] + ${JSON.stringify(address)},
    method="${method}",${headers.length === 0 ? '' : `\n    headers={\n${headers.map((header) => `        ${header},\n`).join('')}    },`}${
      input.body === undefined ? '' : `\n    data=json.dumps(${toPythonLiteral(input.body, '    ')}).encode(),`
    }
)
with urllib.request.urlopen(request${isStream ? '' : ', timeout=30'}) as response:
${
  isStream
    ? '    for line in response:\n        print(line.decode(), end="")'
    : `    print(${produces === 'text/html' ? 'response.read().decode()' : 'json.load(response)'})`
}`
}

function toLiteral(value: unknown, indent: string): string {
  const inner = `${indent}  `
  if (Array.isArray(value)) return `[${value.map((item) => toLiteral(item, indent)).join(', ')}]`
  if (typeof value === 'object' && value !== null) {
    const members = Object.entries(value)
    if (members.length === 0) return '{}'
    const key = (name: string) => (/^[A-Za-z_$][\w$]*$/.test(name) ? name : toText(name))
    return `{\n${members.map(([name, member]) => `${inner}${key(name)}: ${toLiteral(member, inner)},\n`).join('')}${indent}}`
  }
  return typeof value === 'string' ? toText(value) : JSON.stringify(value)
}

function toText(value: string): string {
  return `'${JSON.stringify(value).slice(1, -1).replaceAll('\\"', '"').replaceAll("'", "\\'")}'`
}

/** JSON's own notation, but for the three names that Python spells otherwise. */
function toPythonLiteral(value: unknown, indent: string): string {
  const inner = `${indent}    `
  if (value === true) return 'True'
  if (value === false) return 'False'
  if (value === null) return 'None'
  if (Array.isArray(value)) return `[${value.map((item) => toPythonLiteral(item, indent)).join(', ')}]`
  if (typeof value === 'object') {
    const members = Object.entries(value)
    if (members.length === 0) return '{}'
    return `{\n${members.map(([name, member]) => `${inner}${JSON.stringify(name)}: ${toPythonLiteral(member, inner)},\n`).join('')}${indent}}`
  }
  return JSON.stringify(value)
}
