# Completions of loma for bash.
_loma() {
  local word=${COMP_WORDS[COMP_CWORD]} options=
  if [ "$COMP_CWORD" -eq 1 ]; then
    mapfile -t COMPREPLY < <(compgen -W "{{names}} --version --help" -- "$word")
    return
  fi
  case ${COMP_WORDS[1]} in
{{cases}}
  help) options="{{names}} exit-codes" ;;
  esac
  case $word in
  -*) mapfile -t COMPREPLY < <(compgen -W "$options" -- "$word") ;;
  *)
    if [ "${COMP_WORDS[1]}" = help ]; then
      mapfile -t COMPREPLY < <(compgen -W "$options" -- "$word")
    else
      mapfile -t COMPREPLY < <(compgen -f -- "$word")
    fi
    ;;
  esac
}
complete -o filenames -F _loma loma
