import { readFileSync } from 'node:fs'
import { type CoreSignature, coreSignatures } from '@core/database'

/** The client of Python: what is in python-client.py, and a method for each function that a project's key may call. */
export function toPythonClient(): string {
  const frame = readFileSync(new URL('./python-client.py', import.meta.url), 'utf8')
  const functions = coreSignatures.filter(({ isForMembers }) => isForMembers).map(toMethod)
  return frame.replace('# Functions of core_api are generated here.\n', functions.join('\n'))
}

function toMethod({ name, args, returns }: CoreSignature): string {
  const required = args.filter((argument) => argument.required)
  const optional = args.filter((argument) => !argument.required)
  const parameters = [
    ...required.map((argument) => `${argument.name}: ${toType(argument.type)}`),
    ...optional.map((argument) => `${argument.name}: Optional[${toType(argument.type)}] = UNSET`),
  ]
  const list = parameters.length === 0 ? '' : `, *, ${parameters.join(', ')}`
  const sent = args.map((argument) => `"${argument.name}": ${argument.name}`).join(', ')
  return (
    `    def ${name}(self${list}, timeout: Optional[float] = None) -> ${returns === 'void' ? 'None' : 'Any'}:\n` +
    `        return self._call("${name}", {${sent}}, timeout)\n`
  )
}

function toType(type: string): string {
  if (type.endsWith('[]')) return `Sequence[${toType(type.slice(0, -2))}]`
  if (/^(text|uuid|timestamp|interval|time|date|bytea)/.test(type)) return 'str'
  if (/^(bigint|integer|smallint|core\.)/.test(type)) return 'int'
  if (/^(numeric|double|real)/.test(type)) return 'float'
  return type === 'boolean' ? 'bool' : 'Any'
}
