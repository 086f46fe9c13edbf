import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { type Client, createClient } from '@core/api/client'
import { CoreError } from '@core/foundation'
import type { Command } from 'commander'
import { type AmountUnit, formatAmount, parseAmount } from './amount.ts'
import type { CommandIo } from './io.ts'
import { createOutput, type Output } from './output.ts'
import { createStandardInput, type StandardInput } from './standard-input.ts'
import { resolveTarget, type Target, type TargetOptions } from './target.ts'

interface GlobalOptions extends TargetOptions {
  json?: boolean
  micro?: boolean
  timeout?: string
}

/** What every verb works with: the options all verbs share, already parsed. */
export interface Session {
  readonly io: CommandIo
  readonly output: Output
  readonly input: StandardInput
  readonly unit: AmountUnit
  /** Milliseconds of --timeout. */
  readonly timeoutMs: number
  target(): Promise<Target>
  connect(): Promise<{ client: Client; target: Target }>
  /** As `connect`, but an owner's key comes before CORE_KEY, which in a terminal is often a project's. */
  connectAsOwner(): Promise<{ client: Client; target: Target }>
  /** As `connect`, with the project to look into; null for an owner who names none and looks into everything. */
  connectWithin(): Promise<{ client: Client; project: string | null }>
  /** As the user means it: credits, or micro-credits with --micro. */
  amount(text: string): number
  show(micro: number): string
  /** Asks on a terminal; elsewhere only `--yes` is a yes. @throws CoreError E_INVALID */
  confirm(question: string, options: { yes?: boolean }): Promise<void>
}

export function createSession(io: CommandIo, program: Command): Session {
  const options = program.opts<GlobalOptions>()
  const output = createOutput(io, { json: options.json === true })
  const unit: AmountUnit = options.micro ? 'micro' : 'credits'
  const timeoutMs = parseSeconds(options.timeout ?? '30') * 1000
  const input = createStandardInput(io.stdin, { holdsKey: options.keyStdin === true })
  let resolved: Promise<Target> | undefined
  const resolve = () => {
    resolved ??= resolveTarget(io, { ...options, input })
    return resolved
  }
  const connect = async () => {
    const target = await resolve()
    return { client: createClient({ ...target, timeoutMs }), target }
  }
  return {
    io,
    input,
    output,
    unit,
    timeoutMs,
    target: resolve,
    connect,
    async connectAsOwner() {
      const target = await resolveTarget(io, { ...options, input, prefersOwner: true })
      return { client: createClient({ ...target, timeoutMs }), target }
    },
    async connectWithin() {
      const { client, target } = await connect()
      return { client, project: target.project ?? (await client.getMe()).project }
    },
    amount: (text) => parseAmount(text, unit),
    show: (micro) => formatAmount(micro, unit),
    confirm: (question, { yes }) => confirm(io, question, yes === true),
  }
}

function parseSeconds(text: string): number {
  const seconds = Number(text)
  if (/^\d+(\.\d+)?$/.test(text) && seconds > 0 && seconds <= 3600) return seconds
  throw new CoreError(
    'E_INVALID',
    `${JSON.stringify(text)} is not a time limit; expected seconds, more than 0 and at most 3600`,
  )
}

async function confirm(io: CommandIo, question: string, yes: boolean): Promise<void> {
  if (yes) return
  if (!io.stdin.isTTY) {
    throw new CoreError('E_INVALID', `${question} Not a terminal: confirm with --yes`, {
      fix: 'Add --yes.',
    })
  }
  io.stderr.write(`${question} Type yes to continue: `)
  const lines = createInterface({ input: io.stdin })
  const [answer = ''] = await once(lines, 'line', { signal: io.signal })
  lines.close()
  if (String(answer).trim() !== 'yes') throw new CoreError('E_ABORTED', 'Nothing was changed')
}
