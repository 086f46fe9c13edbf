import { join } from 'node:path'

const longestName = 200

/**
 * Where a key lies below the root. Each segment becomes names of lower-case letters, digits and `_-.` with everything else
 * as `%xx`, so that no file system takes two keys for one or a segment for something else; a long one is cut into several
 * names that end with `+`. The last name of a key ends with `=`: a key may be the beginning of another one.
 */
export function toDiskPath(root: string, key: string): string {
  const segments = key.split('/')
  const names = segments.flatMap((segment, index) => toNames(segment, index === segments.length - 1))
  return join(root, ...names)
}

function toNames(segment: string, isLast: boolean): string[] {
  const encoded = [...Buffer.from(segment)]
    .map((byte) => {
      const letter = String.fromCharCode(byte)
      return /[a-z0-9_.-]/.test(letter) ? letter : `%${byte.toString(16).padStart(2, '0')}`
    })
    .join('')
  const names: string[] = []
  let rest = encoded
  while (rest.length > longestName) {
    const at = cutBefore(rest, longestName)
    names.push(`${rest.slice(0, at)}+`)
    rest = rest.slice(at)
  }
  return [...names, isLast ? `${rest}=` : rest]
}

/** Not within `%xx`, and not within a letter of several bytes. */
function cutBefore(text: string, most: number): number {
  for (let at = most; at > most - 36; at--) {
    const before = text.slice(0, at)
    if (/%.?$/.test(before)) continue
    if (/^%[89ab]/.test(text.slice(at))) continue
    return at
  }
  return most
}

/** The piece of a key in a name, and what it is; undefined for what no key makes. */
export function fromDiskName(
  name: string,
  isDirectory: boolean,
): { readonly text: string; readonly isFile: boolean } | undefined {
  const [, encoded = '', end] = /^((?:[a-z0-9_.-]|%[0-9a-f]{2})*)([+=]?)$/.exec(name) ?? []
  if (isDirectory ? end === '=' : end !== '=') return undefined
  try {
    const text = decodeURIComponent(encoded)
    return isDirectory ? { text: end === '+' ? text : `${text}/`, isFile: false } : { text, isFile: true }
  } catch {
    return undefined
  }
}
