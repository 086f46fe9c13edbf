import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { openTestServer } from './test-server.ts'

/**
 * The whole OpenAPI document, asked by a program that knows nothing else of this server (pip install schemathesis): no
 * answer is a fault of the server, and each has a status, a media type and a form that the document declares.
 */

const program = process.env['CORE_SCHEMATHESIS'] ?? 'schemathesis'
const seconds = 240

test('schemathesis finds no fault of the server, and nothing that the document does not declare', {
  timeout: 600_000,
}, async ({ skip }) => {
  if (spawnSync(program, ['--version']).status !== 0) return skip('schemathesis is not installed')
  await using server = await openTestServer()
  const url = await server.app.listen({ host: '127.0.0.1', port: 0 })
  const folder = await mkdtemp(join(tmpdir(), 'core-schemathesis-'))
  try {
    const { body } = await server.send('GET', '/openapi.json')
    const document = join(folder, 'openapi.json')
    await writeFile(document, JSON.stringify(nameProject(body)))
    const run = spawn(
      program,
      [
        ...['run', document, '--url', url, '--header', `Authorization: Bearer ${server.owner}`],
        ...[
          '--phases',
          'coverage,fuzzing',
          '--max-examples',
          '20',
          '--max-time',
          String(seconds),
          '--continue-on-failure',
        ],
        ...[
          '--checks',
          'not_a_server_error,status_code_conformance,content_type_conformance,response_schema_conformance',
        ],
        // A stream does not end, and an archived project refuses whatever comes after it.
        ...['--exclude-path-regex', '/(events|realtime)$', '--exclude-operation-id', 'archiveProject'],
        ...['--rate-limit', 'auto', '--request-timeout', '40', '--no-color'],
      ],
      { cwd: folder },
    )
    let output = ''
    for (const stream of [run.stdout, run.stderr])
      stream.on('data', (chunk: Buffer) => {
        output += chunk.toString()
      })
    const [code] = await once(run, 'exit')
    expect(code, output).toBe(0)
    expect(Number(/Tested: (\d+)/.exec(output)?.[1])).toBeGreaterThan(150)
    expect(await server.audit()).toMatchObject({ clean: true })
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
})

/** The document with a project that is there in its paths: a made-up one is 404 before anything else is looked at. */
function nameProject(document: unknown): unknown {
  return JSON.parse(JSON.stringify(document), (_, value) =>
    Object(value).in === 'path' && value.name === 'project'
      ? { ...value, schema: { type: 'string', enum: ['smart_layer'] } }
      : value,
  )
}
