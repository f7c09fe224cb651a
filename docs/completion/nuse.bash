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
    --sysctl) COMPREPLY=($(compgen -W "net.core.rmem_default= net.core.rmem_max= net.core.wmem_default= net.core.wmem_max= net.core.somaxconn= net.ipv6.conf.all.disable_ipv6= net.ipv6.conf.all.forwarding= net.ipv6.conf.all.accept_redirects= net.ipv6.conf.default.addr_gen_mode= net.ipv6.conf.default.stable_secret= net.ipv6.conf.default.use_tempaddr= net.ipv6.conf.default.temp_valid_lft= net.ipv6.conf.default.temp_prefered_lft= net.ipv4.ip_forward= net.ipv4.conf.all.send_redirects= net.ipv4.conf.all.accept_redirects= net.ipv4.conf.all.shared_media= net.ipv4.conf.all.secure_redirects= net.ipv4.route.gc_timeout= net.ipv4.ip_default_ttl= net.ipv4.ip_local_port_range= net.ipv4.route.min_pmtu= net.ipv4.route.mtu_expires= net.ipv4.ipfrag_high_thresh= net.ipv4.ipfrag_low_thresh= net.ipv4.ipfrag_time= net.ipv4.igmp_max_memberships= net.ipv4.igmp_max_msf= net.ipv4.igmp_qrv= net.ipv4.conf.all.force_igmp_version= net.ipv4.igmp_link_local_mcast_reports= net.ipv4.icmp_echo_ignore_all= net.ipv4.icmp_echo_ignore_broadcasts= net.ipv4.icmp_ratelimit= net.ipv4.icmp_msgs_per_sec= net.ipv4.icmp_msgs_burst= net.ipv4.neigh.default.retrans_time_ms= net.ipv4.neigh.default.mcast_solicit= net.ipv4.neigh.default.ucast_solicit= net.ipv4.neigh.default.base_reachable_time_ms= net.ipv4.neigh.default.delay_first_probe_time= net.ipv4.neigh.default.gc_stale_time= net.ipv4.neigh.default.gc_thresh3= net.ipv4.neigh.default.unres_qlen_bytes= net.ipv4.neigh.default.unres_qlen= net.ipv4.tcp_congestion_control= net.ipv4.tcp_rmem= net.ipv4.tcp_wmem= net.ipv4.tcp_notsent_lowat= net.ipv4.tcp_timestamps= net.ipv4.tcp_sack= net.ipv4.tcp_window_scaling= net.ipv4.tcp_ecn= net.ipv4.tcp_ecn_fallback= net.ipv4.tcp_fastopen= net.ipv4.tcp_fastopen_blackhole_timeout_sec= net.ipv4.tcp_mtu_probing= net.ipv4.tcp_probe_interval= net.ipv4.tcp_min_snd_mss= net.ipv4.tcp_rto_min_us= net.ipv4.tcp_rto_max_ms= net.ipv4.tcp_syn_retries= net.ipv4.tcp_synack_retries= net.ipv4.tcp_retries2= net.ipv4.tcp_orphan_retries= net.ipv4.tcp_fin_timeout= net.ipv4.tcp_max_tw_buckets= net.ipv4.tcp_max_orphans= net.ipv4.tcp_keepalive_time= net.ipv4.tcp_keepalive_intvl= net.ipv4.tcp_keepalive_probes= net.ipv4.tcp_max_syn_backlog= net.ipv4.tcp_syncookies= net.ipv4.tcp_challenge_ack_limit= net.ipv4.tcp_invalid_ratelimit=" -- "$cur")) ;;
    --log) COMPREPLY=($(compgen -W "trace debug info warning error device= arp= ip= icmp= udp= tcp= service= control= cli=" -- "$cur")) ;;
    --log-file) COMPREPLY=($(compgen -f -- "$cur")) ;;
    --log-format) COMPREPLY=($(compgen -W "text json" -- "$cur")) ;;
    --switch) COMPREPLY=($(compgen -f -- "$cur")) ;;
    --name) : ;;
    --join) COMPREPLY=($(compgen -W "$("${COMP_WORDS[0]/#\~/$HOME}" --list 2>/dev/null | sed -n '1d; s/^- *\([0-9]*\).*/\1/p; t; s/ .*//p')" -- "$cur")) ;;
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
      --dev | --route | --config | --sysctl | --log | --log-file | --log-format | --switch | --name | --join) option=${args[i]} ;;
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
    --dev=* | --route=* | --config=* | --sysctl=* | --log=* | --log-file=* | --log-format=* | --switch=* | --name=* | --join=*)
      local whole=$cur
      cur=${whole#*=}
      __nuse_value "${whole%%=*}"
      COMPREPLY=("${COMPREPLY[@]/#/${whole%%=*}=}")
      __nuse_trim "$whole"
      ;;
    -*)
      [[ ${args[last - 1]} == -- ]] || COMPREPLY=($(compgen -W "--dev --route --config --sysctl --show-config --check --log --log-file --log-format --switch --no-ipv6 --name --keep --join --list --json --host-network -v --verbose -h --help --version" -- "$cur"))
      ;;
    *) COMPREPLY=($(compgen -c -- "$cur")) ;;
  esac
}

complete -F _nuse nuse ./nuse
