// Finds Node >= 24 and pnpm (borrowing both from the npm registry where the machine has none), installs from the
// frozen lockfile, then runs the named script under that Node. Plain JavaScript without dependencies, because it
// runs before anything is installed and on Node 18.
import { execFileSync, spawn, spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { delimiter, dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const NODE_MAJOR = 24
const PNPM_MAJOR = 12

const root = dirname(fileURLToPath(import.meta.url))
const [script, ...args] = process.argv.slice(2)

/** What each root script needs installed, and what it runs. */
const scripts = {
  start: { install: 'production', run: ['apps/cli/src/main.ts', 'start'] },
  core: { install: 'production', run: ['apps/cli/src/main.ts'] },
  demo: { install: 'production', run: ['apps/cli/src/main.ts', 'demo'] },
  test: { install: 'all', run: ['scripts/test.ts'] },
  'test:soak': { install: 'all', run: ['scripts/test.ts', '--soak'] },
  check: { install: 'all', run: ['scripts/test.ts', '--static'] },
  generate: { install: 'all', run: ['scripts/generate.ts'] },
  bench: { install: 'all', run: ['bench/main.ts'] },
}

const chosen = scripts[script]
if (!chosen) fail(`unknown script ${JSON.stringify(script)}; one of: ${Object.keys(scripts).join(', ')}`)

const tools = findTools()
install(chosen.install)
run(chosen.run)

/** @returns {{ node: string, pnpm: string }} absolute paths */
function findTools() {
  const mine = Number(process.versions.node.split('.')[0]) >= NODE_MAJOR
  const pnpm = onPath('pnpm')
  if (mine && pnpm && major(pnpm) === PNPM_MAJOR) return { node: process.execPath, pnpm }
  const cached = readJson(join(root, 'node_modules', '.core-tools.json'))
  if (cached && existsSync(cached.node) && existsSync(cached.pnpm)) return cached
  say(`fetching node ${NODE_MAJOR} and pnpm ${PNPM_MAJOR} from the npm registry`)
  // A file, not -e: npx passes its words through a shell.
  const probe = `node -p "JSON.stringify({node:process.execPath,path:process.env.PATH})"`
  const reply = spawnSync('npx', ['-y', '-p', `node@${NODE_MAJOR}`, '-p', `pnpm@${PNPM_MAJOR}`, '-c', probe], {
    cwd: root,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'inherit'],
    shell: process.platform === 'win32',
  })
  const found = reply.status === 0 ? JSON.parse(reply.stdout.trim().split('\n').at(-1)) : undefined
  const foundPnpm = found && onPath('pnpm', found.path)
  if (!foundPnpm) {
    fail(
      `could not fetch node@${NODE_MAJOR} and pnpm@${PNPM_MAJOR}. Check that npm can reach its registry ` +
        `(npm ping), or install Node ${NODE_MAJOR}+ and pnpm ${PNPM_MAJOR} yourself.`,
    )
  }
  return { node: found.node, pnpm: foundPnpm }
}

/** Installs unless the lockfile and manifests are those of the last install. */
function install(scope) {
  const stampFile = join(root, 'node_modules', '.core-install.json')
  const fingerprint = manifestHash()
  const last = readJson(stampFile)
  if (last?.fingerprint === fingerprint && (last.scope === 'all' || last.scope === scope)) return
  say(`installing ${scope === 'all' ? 'all' : 'production'} dependencies from the lockfile`)
  const done = spawnSync(tools.pnpm, ['install', '--frozen-lockfile', ...(scope === 'production' ? ['--prod'] : [])], {
    cwd: root,
    stdio: ['ignore', 2, 2],
    env: { ...environment(), CI: 'true' }, // never asks before it replaces a folder
  })
  if (done.status !== 0) fail('the install failed; the lines above say why')
  mkdirSync(dirname(stampFile), { recursive: true })
  writeFileSync(stampFile, JSON.stringify({ fingerprint, scope }))
  writeFileSync(join(root, 'node_modules', '.core-tools.json'), JSON.stringify(tools))
}

function run(command) {
  const child = spawn(tools.node, [...command, ...args], { cwd: root, stdio: 'inherit', env: environment() })
  for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP']) process.on(signal, () => child.kill(signal))
  child.on('exit', (code, signal) => process.exit(code ?? (signal ? 1 : 0)))
}

function environment() {
  return { ...process.env, PATH: [dirname(tools.node), dirname(tools.pnpm), process.env.PATH].join(delimiter) }
}

function manifestHash() {
  const hash = createHash('sha256')
  const files = ['pnpm-lock.yaml', 'pnpm-workspace.yaml', 'package.json']
  for (const group of ['packages', 'apps', 'examples', '.']) {
    if (!existsSync(join(root, group))) continue
    for (const name of readdirSync(join(root, group)).sort()) files.push(join(group, name, 'package.json'))
  }
  for (const file of files) if (existsSync(join(root, file))) hash.update(readFileSync(join(root, file)))
  return hash.digest('hex')
}

function onPath(name, path = process.env.PATH ?? '') {
  const suffix = process.platform === 'win32' ? '.cmd' : ''
  return path
    .split(delimiter)
    .map((folder) => join(folder, name + suffix))
    .find((file) => existsSync(file))
}

function major(pnpm) {
  try {
    return Number(execFileSync(pnpm, ['--version'], { encoding: 'utf8' }).split('.')[0])
  } catch {
    return 0
  }
}

function readJson(file) {
  try {
    return JSON.parse(readFileSync(file, 'utf8'))
  } catch {
    return undefined
  }
}

function say(text) {
  process.stderr.write(`core: ${text}\n`)
}

function fail(text) {
  say(text)
  process.exit(1)
}
