import { parseSync } from 'rolldown/utils'
import { parseAst } from 'vitest/node'

/** Every module a TypeScript source names: static, dynamic and type imports, and re-exports. */
export function importsOf(source: string): string[] {
  const { module, errors } = parseSync('source.ts', source)
  if (errors.length > 0) throw new SyntaxError(errors[0]?.message)
  const { staticImports, staticExports, dynamicImports } = module
  const calls = source.match(/\bimport\s*\(|\bdeclare module\b/g) ?? []
  // Reading the whole tree takes three times as long, and only it has types like `import('a').A`.
  if (calls.length > dynamicImports.length) return importsInTree(source)
  return [
    ...staticImports.map(({ moduleRequest }) => moduleRequest.value),
    ...staticExports.flatMap(({ entries }) => entries[0]?.moduleRequest?.value ?? []),
    ...dynamicImports.flatMap(({ moduleRequest: { start, end } }) => textOf(source.slice(start, end))),
  ]
}

/** Of a string in quotes; nothing of another expression. */
function textOf(literal: string): string[] {
  return /^(['"])(.+)\1$/.exec(literal)?.slice(2) ?? []
}

function importsInTree(source: string): string[] {
  const found: string[] = []
  visit(parseAst(source, { lang: 'ts' }), (node) => {
    const from = specifierOf(node)
    if (from !== undefined) found.push(from)
  })
  return found
}

type Node = Record<string, unknown> & { type: string }

function specifierOf(node: Node): string | undefined {
  switch (node.type) {
    case 'ImportDeclaration':
    case 'ExportNamedDeclaration':
    case 'ExportAllDeclaration':
    case 'ImportExpression':
    case 'TSImportType': {
      const source = node['source'] ?? node['argument']
      const value = isNode(source)
        ? (source['value'] ?? (isNode(source['literal']) && source['literal']['value']))
        : null
      return typeof value === 'string' ? value : undefined
    }
    default:
      return undefined
  }
}

function visit(value: unknown, onNode: (node: Node) => void): void {
  if (Array.isArray(value)) for (const item of value) visit(item, onNode)
  else if (isNode(value)) {
    onNode(value)
    for (const child of Object.values(value)) visit(child, onNode)
  }
}

function isNode(value: unknown): value is Node {
  return typeof value === 'object' && value !== null && typeof Reflect.get(value, 'type') === 'string'
}

/** `@core/database/testing` → `@core/database`; `pg/lib` → `pg`; undefined for built-ins and relative paths. */
export function packageOf(specifier: string): string | undefined {
  if (specifier.startsWith('.') || specifier.startsWith('node:') || specifier.startsWith('/')) return undefined
  const [first, second] = specifier.split('/')
  return specifier.startsWith('@') ? `${first}/${second}` : first
}
