import { redactSecrets } from '@core/foundation'
import type { Finding } from '../doctor/finding.ts'
import { exitCodes } from '../exit-code.ts'
import { knownSecrets } from '../known-secrets.ts'
import { formatTable } from '../table.ts'
import type { Verbs } from '../verbs.ts'

export function addDoctor({ program, session, exit }: Verbs): void {
  program
    .command('doctor')
    .description('check this installation and suggest fixes; exits 1 on a fault')
    .action(async () => {
      const { examine } = await import('../doctor/examine.ts')
      const { io, output } = session()
      const secrets = knownSecrets(io.env)
      const findings = (await examine(io)).map((one) => ({ ...one, detail: redactSecrets(one.detail, secrets) }))
      const healthy = !findings.some(({ status }) => status === 'fault')
      output.data({ healthy, findings }, () => toText(findings))
      if (!healthy) exit(exitCodes.failure)
    })
}

const marks: Readonly<Record<Finding['status'], string>> = { ok: 'ok', warning: 'WARN', fault: 'FAULT', skipped: '-' }

function toText(findings: readonly Finding[]): string {
  const table = formatTable(findings, [
    { title: '', cell: ({ status }) => marks[status] },
    { title: 'CHECK', cell: ({ check }) => check },
    { title: 'FOUND', cell: ({ detail }) => detail },
  ])
  const fixes = findings.flatMap(({ check, fix }) => (fix ? [`  ${check}: ${fix}`] : []))
  return fixes.length === 0 ? table : `${table}\n\nFix:\n${fixes.join('\n')}`
}
