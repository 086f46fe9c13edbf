import type { DescribedVerb, Suggestion } from './describe-verbs.ts'
import { posixFunctions } from './posix-functions.ts'
import { quotePosix as quote } from './quote.ts'

/** A completion script for bash, from 3.2 on, which macOS has. */
export function bashScript(program: string, verbs: readonly DescribedVerb[]): string {
  return `# Completion of ${program} in bash, made by \`${program} completion bash\`. Make it again after an update.

${posixFunctions(program, verbs, verbCase)}

_${program}() {
  local verb=${program} operand=0 awaited='' bare='' files='' prefix='' quoted='' cut='' gap='' word escaped current index
  local verbs=() flags=() choices=() line=() rest=\${COMP_LINE:0:COMP_POINT}

  # bash splits at = and : as well; what is written together in the line is one word.
  for ((index = 0; index <= COMP_CWORD; index++)); do
    word=\${COMP_WORDS[index]}
    gap=\${rest%%[![:space:]]*}
    rest=\${rest#"$gap"}
    [[ $rest == "$word"* ]] || word=$rest
    rest=\${rest#"$word"}
    if [[ $gap || $index == 0 ]]; then line+=("$word"); else line[\${#line[@]}-1]+=$word; fi
  done
  current=\${line[\${#line[@]}-1]}

  _${program}_verb ${program}
  for word in "\${line[@]:1:\${#line[@]}-2}"; do
    if [[ $awaited ]]; then
      awaited=''
    elif [[ ! $bare && $word == -- ]]; then
      bare=1
    elif [[ ! $bare && $word == -?* ]]; then
      [[ $word == *=* ]] || ! _${program}_value "$verb $word" || awaited=$word
    elif _${program}_verb "$verb $word"; then
      verb+=" $word"
    else
      ((++operand))
    fi
  done

  choices=() files=''
  if [[ $awaited ]]; then
    _${program}_value "$verb $awaited"
  elif [[ ! $bare && $current == --*=* ]]; then
    prefix=\${current%%=*}=
    _${program}_value "$verb \${current%%=*}"
  elif [[ ! $bare && $current == -* ]]; then
    choices=("\${flags[@]}")
  elif _${program}_value "$verb #$((operand + 1))"; then
    :
  elif ((\${#verbs[@]})); then
    ((operand)) || choices=("\${verbs[@]}")
  elif [[ ! $bare ]]; then
    choices=("\${flags[@]}")
  fi

  COMPREPLY=()
  if [[ $files ]]; then
    # Only bash itself knows how to quote and continue in folders; it cannot be asked outside of a completion.
    compopt -o default 2>/dev/null && return
    local IFS=$'\\n'
    COMPREPLY=($(compgen -f -- "\${current#"$prefix"}"))
    return
  fi
  # What bash puts in begins after the last = or : that it splits at; inside quotes it splits nowhere and quotes itself.
  case $current in
    [\\"\\']*) quoted=1 current=\${current#?} ;;
    *=* | *:*)
      word=\${COMP_WORDBREAKS//[!=:]/}
      [[ ! $word ]] || cut=\${current%"\${current##*[$word]}"}
      ;;
  esac
  for word in "\${choices[@]}"; do
    word=$prefix$word
    printf -v escaped %q "$word"
    [[ $word == "$current"* || $escaped == "$current"* ]] || continue
    [[ $quoted ]] || word=$escaped
    COMPREPLY+=("\${word#"$cut"}")
  done
}

complete -F _${program} ${program}
`
}

function verbCase({ path, verbs, options }: DescribedVerb): string {
  const words = (list: readonly Suggestion[]) => list.map(({ word }) => quote(word)).join(' ')
  return `    ${quote(path)}) verbs=(${words(verbs)}) flags+=(${words(options)}) ;;`
}
