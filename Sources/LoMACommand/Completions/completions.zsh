#compdef loma
# Completions of loma for zsh.
_loma() {
  local -a commands options
  commands=(
{{summaries}}
    'help:this list, or the help of a command'
  )
  if (( CURRENT == 2 )); then
    _describe command commands
    return
  fi
  case $words[2] in
{{cases}}
  esac
  if [[ $PREFIX == -* ]]; then compadd -- $options; else _files; fi
}
_loma "$@"
