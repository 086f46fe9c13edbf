import type { DescribedVerb, Value } from './describe-verbs.ts'
import { listPlaces, type Place } from './list-places.ts'
import { quotePosix as quote } from './quote.ts'

/** The branches of a `case` in bash and zsh that say what may stand in a place, in `choices` or `files`. */
export function posixPlaces(verbs: readonly DescribedVerb[]): string {
  return listPlaces(verbs)
    .map((place) => `    ${patternOf(place)}) ${setValue(place.value)};;`)
    .join('\n')
}

function patternOf({ verb, slot, isInherited }: Place): string {
  if (slot === '#*') return `${quote(`${verb} #`)}*`
  const below = isInherited ? ` | ${quote(`${verb} `)}*${quote(` ${slot}`)}` : ''
  return `${quote(`${verb} ${slot}`)}${below}`
}

function setValue(value: Value): string {
  switch (value.kind) {
    case 'choice':
      return `choices=(${value.choices.map(quote).join(' ')}) `
    case 'file':
      return 'files=1 '
    case 'free':
      return ''
    default:
      return value satisfies never
  }
}
