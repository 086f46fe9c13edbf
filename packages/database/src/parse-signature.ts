import type { CoreSignature } from './function-signature.ts'

/** Reads `name(argument type, argument type?) type`, with ` owner` where it is for no member. */
export function parseSignature(line: string): CoreSignature {
  const [head = '', tail = ''] = line.split(') ')
  const [name = '', list = ''] = head.split('(')
  const args = list === '' ? [] : list.split(', ').map(parseArgument)
  return { name, args, returns: tail.replace(/ owner$/, ''), isForMembers: !tail.endsWith(' owner') }
}

function parseArgument(text: string) {
  const [, name = '', type = '', optional] = /^(\S+) (.+?)(\?)?$/.exec(text) ?? []
  return { name, type, required: optional === undefined }
}
