# bash completion for bulkhead

_bulkhead_options() {
  case $1 in
    create | run)
      echo '-b --bundle --pid-file --console-socket --pidfd-socket --no-pivot --no-new-keyring --preserve-fds
            -d --detach --no-subreaper --policy -h --help'
      if [ "$1" = run ]; then echo '--keep'; fi ;;
    exec)
      echo '-p --process --cwd -e --env -u --user -g --additional-gids -c --cap --no-new-privs --process-label --apparmor
            -d --detach --pid-file --preserve-fds --ignore-paused --cgroup -t --tty --console-socket --pidfd-socket -h --help' ;;
    kill) echo '-a --all -h --help' ;;
    delete) echo '-f --force -h --help' ;;
    list) echo '-f --format -q --quiet -h --help' ;;
    policy) echo '-b --bundle -f --format --fail-on-widening --id --strict --policy -h --help' ;;
    spec) echo '-b --bundle --rootless -h --help' ;;
    explain) echo '-b --bundle -f --format --id --policy -h --help' ;;
    probe) echo '-b --bundle -f --format --id --program --policy -h --help' ;;
    start | state | features) echo '-h --help' ;;
    '') echo '--root --log --log-format --debug --policy --policy-dir --systemd-cgroup --rootless --criu -v --version -h --help' ;;
  esac
}

# The values of an option; fails when it takes none.
_bulkhead_values() {
  case $2 in
    --log-format) COMPREPLY=($(compgen -W 'text json' -- "$3")) ;;
    --rootless) [ -z "$1" ] && COMPREPLY=($(compgen -W 'true false auto' -- "$3")) ;;
    --policy) COMPREPLY=($(compgen -W 'baseline compat faas faas-go faas-java faas-node faas-python faas-restricted passthrough sandbox' -- "$3") $(compgen -f -X '!*.json' -- "$3")) ;;
    --format | -f)
      case $1 in
        list) COMPREPLY=($(compgen -W 'table json' -- "$3")) ;;
        explain | probe | policy) COMPREPLY=($(compgen -W 'text json' -- "$3")) ;;
        *) return 1 ;;
      esac ;;
    --root | --policy-dir | --bundle | -b) COMPREPLY=($(compgen -d -- "$3")) ;;
    --log | --pid-file | --console-socket | --pidfd-socket | --criu | --program | --process | -p) COMPREPLY=($(compgen -f -- "$3")) ;;
    --preserve-fds | --cwd | --env | -e | --user | -u | --additional-gids | -g | --cap | -c | --process-label | --apparmor | --cgroup) COMPREPLY=() ;;
    *) return 1 ;;
  esac
}

# What `policy show` and `policy why` take.
_bulkhead_names() {
  case $1 in
    show) bulkhead policy list --format json 2> /dev/null | grep -o '"name":"[^"]*"' | cut -d '"' -f 4 ;;
    why) bulkhead policy why 2> /dev/null | cut -d : -f 1 ;;
  esac
}

_bulkhead() {
  local current=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD - 1]} verb='' root=() i word
  local verbs='create start run exec state kill delete list explain probe policy spec features help'
  COMPREPLY=()
  for ((i = 1; i < COMP_CWORD; i++)); do
    word=${COMP_WORDS[i]}
    case $word in
      --root) root=(--root "${COMP_WORDS[i + 1]}"); i=$((i + 1)) ;;
      --log | --log-format | --policy | --policy-dir | --rootless | --criu) i=$((i + 1)) ;;
      -*) ;;
      *) verb=$word; break ;;
    esac
  done
  _bulkhead_values "$verb" "$previous" "$current" && return
  case $current in
    -*) COMPREPLY=($(compgen -W "$(_bulkhead_options "$verb")" -- "$current")); return ;;
  esac
  case $verb in
    '') COMPREPLY=($(compgen -W "$verbs" -- "$current")) ;;
    help) COMPREPLY=($(compgen -W "${verbs% help}" -- "$current")) ;;
    policy)
      case $previous in
        policy) COMPREPLY=($(compgen -W 'list show lint diff why explain render test schema' -- "$current")) ;;
        show | why) COMPREPLY=($(compgen -W "$(_bulkhead_names "$previous")" -- "$current")) ;;
        *) COMPREPLY=($(compgen -f -- "$current")) ;;
      esac ;;
    start | exec | state | kill | delete)
      COMPREPLY=($(compgen -W "$(bulkhead "${root[@]}" list --quiet 2> /dev/null)" -- "$current")) ;;
  esac
}

complete -F _bulkhead bulkhead
