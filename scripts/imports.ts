import { parseAst } from 'vitest/node'

/** Every module a TypeScript source names: static, dynamic and type imports, and re-exports. */
export function importsOf(source: string): string[] {
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
