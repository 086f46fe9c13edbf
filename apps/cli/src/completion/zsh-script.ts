import type { DescribedVerb, Suggestion } from './describe-verbs.ts'
import { posixFunctions } from './posix-functions.ts'
import { quotePosix as quote } from './quote.ts'

/** A completion script for zsh, to be found in a folder of fpath or to be sourced after compinit. */
export function zshScript(program: string, verbs: readonly DescribedVerb[]): string {
  return `#compdef ${program}
# Completion of ${program} in zsh, made by \`${program} completion zsh\`. Make it again after an update.

${posixFunctions(program, verbs, verbCase)}

_${program}() {
  local verb=${program} awaited bare files word expl
  local -a verbs flags choices
  integer operand=0

  _${program}_verb ${program}
  for word in "\${(@)words[2,CURRENT-1]}"; do
    if [[ -n $awaited ]]; then
      awaited=''
    elif [[ -z $bare && $word == -- ]]; then
      bare=1
    elif [[ -z $bare && $word == -?* ]]; then
      [[ $word == *=* ]] || ! _${program}_value "$verb $word" || awaited=$word
    elif _${program}_verb "$verb $word"; then
      verb+=" $word"
    else
      ((++operand))
    fi
  done

  choices=() files=''
  if [[ -n $awaited ]]; then
    _${program}_value "$verb $awaited"
  elif [[ -z $bare && $PREFIX == --*=* ]]; then
    _${program}_value "$verb \${PREFIX%%=*}"
    compset -P 1 '*='
  elif [[ -z $bare && $PREFIX == -* ]]; then
    _describe -o option flags
    return
  elif _${program}_value "$verb #$((operand + 1))"; then
    :
  elif (($#verbs)); then
    ((operand)) || _describe verb verbs
    return
  elif [[ -z $bare ]]; then
    _describe -o option flags
    return
  fi

  if [[ -n $files ]]; then
    _files
  elif (($#choices)); then
    _wanted values expl value compadd -a choices
  fi
}

if [[ $funcstack[1] == _${program} ]]; then
  _${program} "$@"
else
  compdef _${program} ${program}
fi
`
}

function verbCase({ path, verbs, options }: DescribedVerb): string {
  const list = (suggestions: readonly Suggestion[]) =>
    suggestions.map((suggestion) => `\n        ${describe(suggestion)}`).join('')
  return `    ${quote(path)})
      verbs=(${list(verbs)})
      flags+=(${list(options)})
      ;;`
}

/** What `_describe` reads: up to the first colon without a backslash it is the word. */
function describe({ word, description }: Suggestion): string {
  return quote(`${word.replaceAll(/[:\\]/g, '\\$&')}:${description.replaceAll('\\', '\\\\')}`)
}
