# Presses TAB at the end of the lines in the file TAB_LINES, with the scripts in the folder TAB_SCRIPTS. Writes a record
# separator before the offers for each into the file TAB_ANSWERS. For the .zshrc of a shell on a terminal of its own.
fpath+=($TAB_SCRIPTS)
autoload -Uz compinit
compinit -D -u

# Each offer passes here on its way to the line editor.
compadd() {
  if (( $@[(I)-[OAD]] )); then # a question about offers, not an offer
    builtin compadd "$@"
    return
  fi
  local -a found shown
  local index
  builtin compadd -O found "$@"
  (( $@[(I)-*Q*] )) && found=("${(@Q)found}") # was quoted already
  (( $@[(I)-d] )) && shown=("${(@P)@[$@[(I)-d]+1]}")
  builtin compadd -D shown "$@" # of what is shown only that of what was found
  for ((index = 1; index <= $#found; index++)); do
    print -r -- "$IPREFIX$found[index]"$'\t'"${shown[index]#* -- }" >>$TAB_ANSWERS
  done
  builtin compadd "$@"
}

press-tab() {
  local line
  for line in "${(@f)$(<$TAB_LINES)}"; do
    print -n '\x1e' >>$TAB_ANSWERS
    BUFFER=$line CURSOR=$#line
    zle list-choices
  done
  exit
}
zle -N zle-line-init press-tab
