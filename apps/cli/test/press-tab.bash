# Presses TAB at the end of lines: the script, the program, then for each line its number of words, itself and its words.
# Answers a record separator before the offers for each line.
source "$1"
read -r _ _ complete _ < <(complete -p "$2")
shift 2
while (($#)); do
  COMP_LINE=$2 COMP_POINT=${#2} COMP_CWORD=$(($1 - 1)) COMP_WORDS=("${@:3:$1}")
  shift $(($1 + 2))
  COMPREPLY=()
  "$complete"
  printf '\x1e'
  printf '%s\n' "${COMPREPLY[@]}"
done
