import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from 'node:fs'
import { createServer as createHttpServer } from 'node:http'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { afterEach, describe, expect, test } from 'vitest'
import { root } from './root.ts'
import { createToyWorkspace, type ToyWorkspace } from './toy-workspace.ts'

const echo = `console.log('ran', ...process.argv.slice(2)); process.exitCode = Number(process.argv.at(-1))`
const server = `
  process.on('SIGTERM', () => { console.log('stopping'); setTimeout(() => process.exit(0), 200) })
  setInterval(() => {}, 1000)
  console.log('up under', process.ppid)`

let toy: ToyWorkspace | undefined
const groups: number[] = []
afterEach(() => {
  for (const pid of groups.splice(0)) {
    try {
      process.kill(-pid, 'SIGKILL')
    } catch {
      // the test ended it already
    }
  }
  toy?.[Symbol.dispose]()
  toy = undefined
})

const hasModule = (name: string) => existsSync(join(toy?.folder ?? '', 'apps/cli/node_modules/@toy', name))

describe('install', () => {
  test('start installs what runs and not what tests need; test adds the rest; nothing is installed twice', () => {
    toy = createToyWorkspace(echo)
    const first = bootstrap(toy, ['start', '0'])
    expect(first.stderr).toContain('installing production dependencies')
    expect(first).toMatchObject({ status: 0, stdout: 'ran start 0\n' })
    expect([hasModule('shipped'), hasModule('development')]).toEqual([true, false])

    expect(bootstrap(toy, ['start', '0'])).toMatchObject({ status: 0, stdout: 'ran start 0\n', stderr: '' })

    const tests = bootstrap(toy, ['test'])
    expect(tests.stderr).toContain('installing all dependencies')
    expect(tests).toMatchObject({ status: 0, stdout: 'tests ran\n' })
    expect([hasModule('shipped'), hasModule('development')]).toEqual([true, true])

    expect(bootstrap(toy, ['start', '0']).stderr).toBe('')
  })

  test('a changed manifest is installed again', () => {
    toy = createToyWorkspace(echo)
    bootstrap(toy, ['start', '0'])
    toy.write('packages/shipped/package.json', { name: '@toy/shipped', version: '1.0.1' })
    expect(bootstrap(toy, ['start', '0']).stderr).toContain('installing production dependencies')
  })

  test('what tests need stays: after a change, and where pnpm installed it by hand', () => {
    toy = createToyWorkspace(echo)
    bootstrap(toy, ['test'])
    toy.write('packages/shipped/package.json', { name: '@toy/shipped', version: '1.0.1' })
    expect(bootstrap(toy, ['start', '0']).stderr).toContain('installing all dependencies')
    rmSync(join(toy.folder, 'node_modules/.core-install.json'))
    expect(bootstrap(toy, ['start', '0']).stderr).toContain('installing all dependencies')
    expect(hasModule('development')).toBe(true)
  })

  test('two first runs in one folder take turns and both succeed', async () => {
    toy = createToyWorkspace(echo)
    const runs = [start(toy, 'node', ['bootstrap.mjs', 'start', '0']), start(toy, 'node', ['bootstrap.mjs', 'test'])]
    expect(await Promise.all(runs.map((run) => run.exit))).toEqual([0, 0])
    expect(hasModule('development')).toBe(true)
    expect(existsSync(join(toy.folder, 'node_modules/.core-install.lock'))).toBe(false)
  })

  test('a lock of a process that died is taken over', () => {
    toy = createToyWorkspace(echo)
    const { pid } = spawnSync('true')
    toy.write('node_modules/.core-install.lock', String(pid))
    expect(bootstrap(toy, ['start', '0'])).toMatchObject({ status: 0, stdout: 'ran start 0\n' })
  })

  test('a signal during the install ends the install and starts nothing', async () => {
    toy = createToyWorkspace(`console.log('must not run')`)
    const folder = binFolder(['node', 'npm', 'npx', 'sh', 'env', 'sleep'])
    // A pnpm that has the right version and never gets done.
    toy.write('bin/pnpm', '#!/bin/sh\ncase "$1" in --version) echo 12.0.0 ;; *) exec sleep 60 ;; esac\n')
    spawnSync('chmod', ['+x', join(toy.folder, 'bin/pnpm')])
    const run = start(toy, 'node', ['bootstrap.mjs', 'start'], { PATH: `${toy.folder}/bin:${folder}` })
    await run.waitFor(/installing/)
    run.process.kill('SIGTERM')
    expect(await run.exit).toBe(128 + 15)
    expect(run.output()).not.toContain('must not run')
    expect(existsSync(join(toy.folder, 'node_modules/.core-install.json'))).toBe(false)
    rmSync(folder, { recursive: true })
  })
})

describe('exit', () => {
  test('the exit code of the script is the exit code', () => {
    toy = createToyWorkspace(echo)
    expect(bootstrap(toy, ['core', '6']).status).toBe(6)
  })

  test('an unknown script is refused by name', () => {
    toy = createToyWorkspace(echo)
    const run = bootstrap(toy, ['toString'])
    expect(run.status).toBe(2)
    expect(run.stderr).toContain('unknown script "toString"; one of: start, core, demo, test')
  })

  const targets: [string, (npm: number, bootstrap: number) => void][] = [
    ['npm', (npm) => process.kill(npm, 'SIGTERM')],
    ['the process group', (npm) => process.kill(-npm, 'SIGTERM')],
    ['bootstrap', (_, own) => process.kill(own, 'SIGTERM')],
  ]
  test.each(targets)('SIGTERM to %s reaches the script, and its code 0 comes back', async (_, kill) => {
    toy = createToyWorkspace(server)
    const run = start(toy, 'npm', ['start'])
    const up = await run.waitFor(/up under (\d+)/)
    kill(run.pid, Number(up[1]))
    expect(await run.exit).toBe(0)
    expect(run.output()).toContain('stopping')
  })
})

describe('what cannot work says so', () => {
  test('an old Node gets an error that names the version needed', () => {
    toy = createToyWorkspace(echo)
    const old = `Object.defineProperty(process,'versions',{value:{...process.versions,node:'16.20.2'}})`
    const run = bootstrapOn(toy, old)
    expect(run.status).toBe(2) // a supervisor does not try again
    expect(run.stderr).toContain('this is Node 16.20.2; Core needs Node 18 or newer')
  })

  test('a machine without pnpm whose registry cannot be reached gets an error that says what to check', async () => {
    toy = createToyWorkspace(echo)
    const run = await withoutPnpm(toy, `http://127.0.0.1:${await closedPort()}`)
    expect(run.code).toBe(1)
    expect(run.output).toMatch(/fetching pnpm@12\.\d+\.\d+ from the npm registry/)
    expect(run.output).toMatch(
      /could not fetch pnpm@12\S+\. The lines above say why\. When they name the network: npm ping/,
    )
    expect(run.output).not.toContain('at fetchTools')
  })

  test.each([
    ['a Mac', 'darwin', 'arm64'],
    ['Windows on ARM', 'win32', 'arm64'],
  ])('on %s, for which no hash is recorded, nothing is fetched, and it says what to install', (_, platform, arch) => {
    toy = createToyWorkspace(echo)
    const folder = binFolder(['node', 'npm', 'npx', 'sh', 'env'])
    const there = `Object.defineProperty(process,'platform',{value:'${platform}'});Object.defineProperty(process,'arch',{value:'${arch}'})`
    const run = bootstrapOn(toy, there, { PATH: folder, npm_config_registry: 'http://127.0.0.1:1' })
    expect(run).toMatchObject({ status: 2, stdout: '' }) // a supervisor does not try again
    expect(run.stderr).toMatch(new RegExp(`no hash to verify pnpm for ${platform}-${arch}, so it fetches nothing`))
    expect(run.stderr).toContain('npm install --global pnpm@12')
    expect(run.stderr).not.toContain('fetching')
    rmSync(folder, { recursive: true })
  })

  test.each([
    ['a home', undefined],
    ['a home that cannot be written', '/dev/null'],
  ])('with %s, a program other than the one bootstrap.mjs has the hash of is not used', async (_, home) => {
    toy = createToyWorkspace(echo)
    await using registry = await serveForgery()
    const run = await withoutPnpm(toy, registry.url, home)
    expect(run.code).toBe(1)
    expect(run.output).toContain('What the registry sent is not what bootstrap.mjs has the hash of')
    expect(run.output).not.toContain('network')
    expect(registry.wasAsked()).toBe(true)
    expect(existsSync(join(toy.folder, 'node_modules/.core-tools.json'))).toBe(false)
  })

  test('a home that cannot be written stops no install', () => {
    toy = createToyWorkspace(echo)
    expect(bootstrap(toy, ['start', '0'], { HOME: '/dev/null' })).toMatchObject({ status: 0, stdout: 'ran start 0\n' })
  })

  test('a folder that cannot be written is named, without a stack', () => {
    toy = createToyWorkspace(echo)
    toy.write('node_modules', 'a file where the folder would be')
    const run = bootstrap(toy, ['start'])
    expect(run.status).toBe(2)
    expect(run.stderr).toContain(`${toy.folder}/node_modules'. This folder must be writable`)
    expect(run.stderr).not.toContain('    at ')
  })

  test('an install that fails shows why and is not taken for done', () => {
    toy = createToyWorkspace(echo)
    toy.write('apps/cli/package.json', { name: '@toy/app', version: '1.0.0', dependencies: { zod: '^4.0.0' } })
    const run = bootstrap(toy, ['start'])
    expect(run.status).toBe(1)
    expect(run.stderr).toContain('ERR_PNPM_OUTDATED_LOCKFILE')
    expect(run.stderr).toContain('the install failed; the lines above say why')
    expect(existsSync(join(toy.folder, 'node_modules/.core-install.json'))).toBe(false)
  })
})

test('every root script goes through the bootstrap and is known to it', () => {
  const { scripts } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))
  const known = /const scripts = \{(.*?)\n\}/s.exec(readFileSync(join(root, 'bootstrap.mjs'), 'utf8'))?.[1] ?? ''
  const names = [...known.matchAll(/^ {2}'?([\w:]+)'?:/gm)].map((match) => match[1])
  expect(names).toContain('start')
  expect(scripts).toEqual(Object.fromEntries(names.map((name) => [name, `exec node bootstrap.mjs ${name}`])))
})

test('what the machine lacks is fetched in exact versions, as bare programs', () => {
  const source = readFileSync(join(root, 'bootstrap.mjs'), 'utf8')
  const pinned = /const pinned = \{.*?\n\}/s.exec(source)?.[0] ?? ''
  expect([...pinned.matchAll(/version: '(.*)'/g)].map((match) => match[1])).toEqual([
    expect.stringMatching(/^24\.\d+\.\d+$/),
    expect.stringMatching(/^12\.\d+\.\d+$/),
  ])
  const packages = pinned.match(/\[\s*'[^']+',\s*(?:'sha512-[A-Za-z0-9+/]{86}=='|[^\]]*?),?\s*\]/g) ?? []
  expect(packages.length).toBeGreaterThanOrEqual(4)
  expect(packages.filter((each) => !/'sha512-[A-Za-z0-9+/]{86}=='/.test(each))).toEqual([])
  expect(source).toContain(`['ci', '--ignore-scripts'`)
})

function bootstrap(workspace: ToyWorkspace, args: string[], env: Record<string, string> = {}) {
  return spawnSync(process.execPath, ['bootstrap.mjs', ...args], {
    cwd: workspace.folder,
    encoding: 'utf8',
    env: { ...process.env, ...env },
  })
}

/** Runs it where a line of JavaScript has made this process look like another machine's. */
function bootstrapOn(workspace: ToyWorkspace, machine: string, env: Record<string, string> = {}) {
  return spawnSync(process.execPath, ['--import', `data:text/javascript,${machine}`, 'bootstrap.mjs', 'start'], {
    cwd: workspace.folder,
    encoding: 'utf8',
    env: { ...process.env, ...env },
  })
}

interface Run {
  process: ChildProcess
  pid: number
  exit: Promise<number | null>
  output(): string
  waitFor(pattern: RegExp): Promise<RegExpExecArray>
}

/** Starts a program as the leader of its own process group. */
function start(workspace: ToyWorkspace, program: string, args: string[], env: Record<string, string> = {}): Run {
  const child = spawn(program, args, {
    cwd: workspace.folder,
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, ...env },
  })
  if (child.pid === undefined) throw new Error(`${program} did not start`)
  groups.push(child.pid)
  let output = ''
  for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', (text) => (output += text))
  return {
    process: child,
    pid: child.pid,
    exit: new Promise((resolve) => child.on('close', resolve)),
    output: () => output,
    waitFor: (pattern) =>
      new Promise((resolve, reject) => {
        const look = () => {
          const match = pattern.exec(output)
          if (match) resolve(match)
        }
        child.stdout.on('data', look)
        child.stderr.on('data', look)
        child.on('close', () => reject(new Error(`ended without ${pattern}:\n${output}`)))
        look()
      }),
  }
}

/** A folder for PATH with these programs and no others. */
function binFolder(names: string[]): string {
  const folder = mkdtempSync(join(tmpdir(), 'core-bin-'))
  for (const name of names) {
    const found =
      name === 'node'
        ? process.execPath
        : spawnSync('sh', ['-c', `command -v ${name}`], { encoding: 'utf8' }).stdout.trim()
    symlinkSync(found, join(folder, name))
  }
  return folder
}

async function closedPort(): Promise<number> {
  const listener = createServer()
  await new Promise<void>((resolve) => listener.listen(0, '127.0.0.1', resolve))
  const address = listener.address()
  await new Promise((resolve) => listener.close(resolve))
  if (typeof address !== 'object' || address === null) throw new Error('no port')
  return address.port
}

/** Starts on a machine that has npm and no pnpm. */
async function withoutPnpm(workspace: ToyWorkspace, registry: string, home = workspace.folder) {
  const folder = binFolder(['node', 'npm', 'npx', 'sh', 'env'])
  const run = start(workspace, 'node', ['bootstrap.mjs', 'start'], {
    PATH: folder,
    HOME: home,
    npm_config_registry: registry,
    npm_config_fetch_retries: '0',
  })
  const code = await run.exit
  rmSync(folder, { recursive: true })
  return { code, output: run.output() }
}

/** A registry that has every package in every version asked for, and each is the same few bytes. */
async function serveForgery() {
  let asked = false
  const forged = gzipSync('not the program')
  const listener = createHttpServer(({ url = '', headers }, response) => {
    if (url.endsWith('.tgz')) {
      asked = true
      response.end(forged)
      return
    }
    const name = decodeURIComponent(url.slice(1))
    const version = /pnpm: \{\s*version: '(.*)'/.exec(readFileSync(join(root, 'bootstrap.mjs'), 'utf8'))?.[1] ?? ''
    const dist = { tarball: `http://${headers.host}/forged.tgz` }
    response.end(JSON.stringify({ name, versions: { [version]: { name, version, dist } } }))
  })
  await new Promise<void>((resolve) => listener.listen(0, '127.0.0.1', resolve))
  const address = listener.address()
  if (typeof address !== 'object' || address === null) throw new Error('no port')
  return {
    url: `http://127.0.0.1:${address.port}`,
    wasAsked: () => asked,
    async [Symbol.asyncDispose]() {
      listener.closeAllConnections()
      await new Promise((resolve) => listener.close(resolve))
    },
  }
}
