import type { DescribedVerb, Value } from './describe-verbs.ts'
import { listPlaces, type Place } from './list-places.ts'
import { quoteFish as quote } from './quote.ts'

/** A completion script for fish. */
export function fishScript(program: string, verbs: readonly DescribedVerb[]): string {
  return `# Completion of ${program} in fish, made by \`${program} completion fish\`. Make it again after an update.

# The verbs and options that may follow a verb. Fails where there is no such verb.
function __${program}_verb
    switch $argv[1]
${verbs.map(verbCase).join('\n')}
        case '*'
            return 1
    end
end

# What the value of an option, or an operand by its number, may be, given what is typed of it. Fails where none is taken.
function __${program}_value
    switch $argv[1]
${listPlaces(verbs).map(placeCase).join('\n')}
        case '*'
            return 1
    end
end

function __${program}_complete
    set -l verb ${program}
    set -l known (__${program}_verb ${program})
    set -l operand 0
    set -l awaited
    set -l bare
    set -l before (commandline -opc)
    set -l current (commandline -ct)
    set -e before[1]
    for word in $before
        if set -q awaited[1]
            set awaited
        else if not set -q bare[1]; and test "$word" = --
            set bare 1
        else if not set -q bare[1]; and string match -qr -- '^-.' $word
            if not string match -q -- '*=*' $word; and __${program}_value "$verb $word" '' >/dev/null
                set awaited $word
            end
        else if set -l found (__${program}_verb "$verb $word")
            set verb "$verb $word"
            set known (string match -- '-*' $known) $found
        else
            set operand (math $operand + 1)
        end
    end

    if set -q awaited[1]
        __${program}_value "$verb $awaited" $current
    else if not set -q bare[1]; and string match -qr -- '^--.*=' $current
        set -l parts (string split -m 1 = -- $current)
        string replace -r -- '^' "$parts[1]=" (__${program}_value "$verb $parts[1]" $parts[2])
    else if not set -q bare[1]; and string match -q -- '-*' $current
        string match -- '-*' $known
    else if __${program}_value "$verb #"(math $operand + 1) $current
        return
    else if string match -qv -- '-*' $known
        test $operand = 0; and string match -v -- '-*' $known
    else if not set -q bare[1]
        string match -- '-*' $known
    end
end

complete -c ${program} -f -a '(__${program}_complete)'
`
}

function verbCase({ path, verbs, options }: DescribedVerb): string {
  const lines = [...verbs, ...options].map(
    ({ word, description }) => ` \\
                ${quote(word)} ${quote(description)}`,
  )
  return `        case ${quote(path)}
            ${lines.length === 0 ? 'true' : `printf '%s\\t%s\\n'${lines.join('')}`}`
}

function placeCase({ verb, slot, isInherited, value }: Place): string {
  const below = isInherited ? ` ${quote(`${verb} * ${slot}`)}` : ''
  return `        case ${quote(`${verb} ${slot}`)}${below}
            ${printValue(value)}`
}

function printValue(value: Value): string {
  switch (value.kind) {
    case 'choice':
      return `printf '%s\\n' ${value.choices.map(quote).join(' ')}`
    case 'file':
      return '__fish_complete_path $argv[2]'
    case 'free':
      return 'true'
    default:
      return value satisfies never
  }
}
