# bash completion for nuse. Made by `deno task papers` from cli/options.ts.
# To use it: source this file, or copy it to /etc/bash_completion.d/nuse.

# NAME=ADDRESS,KEY=VALUE,KEY=VALUE: an interface, then keys; the address is the person's.
__nuse_device() {
  local before=${cur%,*}, item=${cur##*,}
  if [[ $cur != *,* ]]; then
    [[ $cur == *=* ]] && return
    COMPREPLY=($(cd /sys/class/net && compgen -S = -G "$cur*"))
    compopt -o nospace 2>/dev/null
    return
  fi
  case $item in
    vif=*) COMPREPLY=($(compgen -P "${before}vif=" -W "RAW TAP NETMAP PIPE" -- "${item#*=}")) ;;
    mac=*) COMPREPLY=($(compgen -P "${before}mac=" -W "own interface" -- "${item#*=}")) ;;
    dad=*) COMPREPLY=($(compgen -P "${before}dad=" -W "quick full off" -- "${item#*=}")) ;;
    *=*) ;;
    *)
      COMPREPLY=($(compgen -P "$before" -W "vif= host= tap= bridge= pipe= mac= dad= mtu=" -- "$item"))
      compopt -o nospace 2>/dev/null
      ;;
  esac
}

# What follows the option $1, in $cur.
__nuse_value() {
  case $1 in
    --dev) __nuse_device ;;
    --route) : ;;
    --config) COMPREPLY=($(compgen -f -- "$cur")) ;;
    --sysctl) : ;;
    --log) COMPREPLY=($(compgen -W "trace debug info warning error device= arp= ip= icmp= udp= tcp= service= control= cli=" -- "$cur")) ;;
    --log-file) COMPREPLY=($(compgen -f -- "$cur")) ;;
    --log-format) COMPREPLY=($(compgen -W "text json" -- "$cur")) ;;
    --switch) COMPREPLY=($(compgen -f -- "$cur")) ;;
  esac
}

# readline replaces from the last = or : on, where those break words: so far goes off.
__nuse_trim() {
  local i head=
  [[ $COMP_WORDBREAKS == *=* && $1 == *=* ]] && head=${1%=*}=
  [[ $COMP_WORDBREAKS == *:* && ${1#"$head"} == *:* ]] && head=${1%:*}:
  for i in "${!COMPREPLY[@]}"; do COMPREPLY[i]=${COMPREPLY[i]#"$head"}; done
}

# The arguments as nuse gets them: bash cuts its words at = and : as well. starts[n] is where
# args[n] begins in COMP_WORDS.
__nuse_arguments() {
  local rest=$COMP_LINE i
  for ((i = 0; i <= COMP_CWORD; i++)); do
    if [[ $i == 0 || $rest == [[:space:]]* ]]; then
      rest=${rest#"${rest%%[![:space:]]*}"}
      args+=("${COMP_WORDS[i]}") starts+=("$i")
    else
      args[-1]+=${COMP_WORDS[i]}
    fi
    rest=${rest#"${COMP_WORDS[i]}"}
  done
}

_nuse() {
  local args=() starts=()
  __nuse_arguments
  local i last=$((${#args[@]} - 1)) option= cur
  cur=${args[last]}
  COMPREPLY=()
  for ((i = 1; i < last; i++)); do
    if [[ -n $option ]]; then
      option=
      continue
    fi
    case ${args[i]} in
      --dev | --route | --config | --sysctl | --log | --log-file | --log-format | --switch) option=${args[i]} ;;
      --) ((i++)) && break ;;
      -?*) ;;
      *) break ;;
    esac
  done

  if ((i < last)); then # The program is there: its own completion, if it can be had.
    if declare -F _command_offset >/dev/null; then
      _command_offset "${starts[i]}"
    else
      COMPREPLY=($(compgen -f -- "$cur"))
    fi
    return
  fi
  if [[ -n $option ]]; then
    __nuse_value "$option"
    __nuse_trim "$cur"
    return
  fi
  case $cur in
    --dev=* | --route=* | --config=* | --sysctl=* | --log=* | --log-file=* | --log-format=* | --switch=*)
      local whole=$cur
      cur=${whole#*=}
      __nuse_value "${whole%%=*}"
      COMPREPLY=("${COMPREPLY[@]/#/${whole%%=*}=}")
      __nuse_trim "$whole"
      ;;
    -*)
      [[ ${args[last - 1]} == -- ]] || COMPREPLY=($(compgen -W "--dev --route --config --sysctl --show-config --log --log-file --log-format --switch --host-network -v --verbose -h --help --version" -- "$cur"))
      ;;
    *) COMPREPLY=($(compgen -c -- "$cur")) ;;
  esac
}

complete -F _nuse nuse ./nuse
