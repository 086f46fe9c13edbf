import type { DescribedVerb, Value } from './describe-verbs.ts'
import { listPlaces, type Place } from './list-places.ts'
import { quotePosix as quote } from './quote.ts'

/** The functions of bash and zsh that know the verbs; `verbCase` is the branch of a verb, which the two write differently. */
export function posixFunctions(
  program: string,
  verbs: readonly DescribedVerb[],
  verbCase: (verb: DescribedVerb) => string,
): string {
  return `# What may follow a verb. Fails where there is no such verb.
_${program}_verb() {
  case $1 in
${verbs.map(verbCase).join('\n')}
    *) return 1 ;;
  esac
}

# What the value of an option, or an operand by its number, may be. Fails where none is taken.
_${program}_value() {
  case $1 in
${places(verbs)}
    *) return 1 ;;
  esac
}`
}

/** The branches that say what may be in a place, in `choices` or `files`. */
function places(verbs: readonly DescribedVerb[]): string {
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
