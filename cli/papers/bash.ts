/**
 * docs/completion/nuse.bash. It needs bash alone; with the package bash-completion installed, the
 * program's own arguments are completed as without nuse.
 *
 * @module
 */
import { DEVICE_KEYS } from "../config/keys.ts";
import { ROWS, type ValueOption } from "../options.ts";
import { keysWithChoices, MADE_BY, RUN_NAMES, valueOptions } from "./completion.ts";

const TRIM = `# readline replaces from the last = or : on, where those break words: so far goes off.
__nuse_trim() {
  local i head=
  [[ $COMP_WORDBREAKS == *=* && $1 == *=* ]] && head=\${1%=*}=
  [[ $COMP_WORDBREAKS == *:* && \${1#"$head"} == *:* ]] && head=\${1%:*}:
  for i in "\${!COMPREPLY[@]}"; do COMPREPLY[i]=\${COMPREPLY[i]#"$head"}; done
}
`;

const ARGUMENTS =
  `# The arguments as nuse gets them: bash cuts its words at = and : as well. starts[n] is where
# args[n] begins in COMP_WORDS.
__nuse_arguments() {
  local rest=$COMP_LINE i
  for ((i = 0; i <= COMP_CWORD; i++)); do
    if [[ $i == 0 || $rest == [[:space:]]* ]]; then
      rest=\${rest#"\${rest%%[![:space:]]*}"}
      args+=("\${COMP_WORDS[i]}") starts+=("$i")
    else
      args[-1]+=\${COMP_WORDS[i]}
    fi
    rest=\${rest#"\${COMP_WORDS[i]}"}
  done
}
`;

/** Every spelling of every option. */
function spellings(): string {
  return ROWS.flatMap((option) =>
    option.argument === undefined && option.short !== undefined
      ? [`-${option.short}`, `--${option.name}`]
      : [`--${option.name}`]
  ).join(" ");
}

/** The shell code that completes an option's value, in $cur. */
function valueCode({ completion }: ValueOption): string {
  if (completion === undefined) return ":";
  if (completion === "device") return "__nuse_device";
  if (completion === "run") {
    const runs = `"\${COMP_WORDS[0]/#\\~/$HOME}" --list 2>/dev/null | sed -n '${RUN_NAMES}'`;
    return `COMPREPLY=($(compgen -W "$(${runs})" -- "$cur"))`;
  }
  if (completion === "file") return `COMPREPLY=($(compgen -f -- "$cur"))`;
  return `COMPREPLY=($(compgen -W "${completion.join(" ")}" -- "$cur"))`;
}

/** The shell function that completes the value of --dev. */
function deviceFunction(): string {
  const keys = DEVICE_KEYS.map(({ name }) => `${name}=`).join(" ");
  return `# NAME=ADDRESS,KEY=VALUE,KEY=VALUE: an interface, then keys; the address is the person's.
__nuse_device() {
  local before=\${cur%,*}, item=\${cur##*,}
  if [[ $cur != *,* ]]; then
    [[ $cur == *=* ]] && return
    COMPREPLY=($(cd /sys/class/net && compgen -S = -G "$cur*"))
    compopt -o nospace 2>/dev/null
    return
  fi
  case $item in
${
    keysWithChoices().map(({ name, choices }) =>
      `    ${name}=*) COMPREPLY=($(compgen -P "\${before}${name}=" -W "${choices.join(" ")}" -- ` +
      `"\${item#*=}")) ;;`
    ).join("\n")
  }
    *=*) ;;
    *)
      COMPREPLY=($(compgen -P "$before" -W "${keys}" -- "$item"))
      compopt -o nospace 2>/dev/null
      ;;
  esac
}
`;
}

/** The file's text. */
export function bashCompletion(): string {
  const options = valueOptions();
  const names = options.map(({ name }) => `--${name}`).join(" | ");
  const assigned = options.map(({ name }) => `--${name}=*`).join(" | ");
  return `# bash completion for nuse. ${MADE_BY}
# To use it: source this file, or copy it to /etc/bash_completion.d/nuse.

${deviceFunction()}
# What follows the option $1, in $cur.
__nuse_value() {
  case $1 in
${options.map((option) => `    --${option.name}) ${valueCode(option)} ;;`).join("\n")}
  esac
}

${TRIM}
${ARGUMENTS}
_nuse() {
  local args=() starts=()
  __nuse_arguments
  local i last=$((\${#args[@]} - 1)) option= cur
  cur=\${args[last]}
  COMPREPLY=()
  for ((i = 1; i < last; i++)); do
    if [[ -n $option ]]; then
      option=
      continue
    fi
    case \${args[i]} in
      ${names}) option=\${args[i]} ;;
      --) ((i++)) && break ;;
      -?*) ;;
      *) break ;;
    esac
  done

  if ((i < last)); then # The program is there: its own completion, if it can be had.
    if declare -F _command_offset >/dev/null; then
      _command_offset "\${starts[i]}"
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
    ${assigned})
      local whole=$cur
      cur=\${whole#*=}
      __nuse_value "\${whole%%=*}"
      COMPREPLY=("\${COMPREPLY[@]/#/\${whole%%=*}=}")
      __nuse_trim "$whole"
      ;;
    -*)
      [[ \${args[last - 1]} == -- ]] || COMPREPLY=($(compgen -W "${spellings()}" -- "$cur"))
      ;;
    *) COMPREPLY=($(compgen -c -- "$cur")) ;;
  esac
}

complete -F _nuse nuse ./nuse
`;
}
