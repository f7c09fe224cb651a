/**
 * docs/completion/_nuse, the completion of zsh.
 *
 * @module
 */
import { DEVICE_KEYS } from "../config/keys.ts";
import { type Option, ROWS, type ValueOption } from "../options.ts";
import { keysWithChoices, MADE_BY, RUN_NAMES } from "./completion.ts";

/** Text inside an _arguments specification, within single quotes. */
function escape(text: string): string {
  return text.replaceAll("`", "").replaceAll(/([\][:\\])/g, "\\$1").replaceAll("'", "'\\''");
}

function action({ completion }: ValueOption): string {
  if (completion === undefined) return " ";
  if (completion === "device") return "_nuse_device";
  if (completion === "run") return "_nuse_run";
  if (completion === "file") return "_files";
  return `(${completion.join(" ")})`;
}

/** One line for _arguments. */
function specification(option: Option): string {
  const meaning = `[${escape(option.meaning)}]`;
  if (option.argument !== undefined) {
    const many = option.isRepeatable ? "*" : "";
    return `'${many}--${option.name}=${meaning}:${escape(option.argument)}:${action(option)}'`;
  }
  const { name, short } = option;
  if (short === undefined) return `'--${name}${meaning}'`;
  return `'(-${short} --${name})'{-${short},--${name}}'${meaning}'`;
}

/** The file's text. */
export function zshCompletion(): string {
  const keys = DEVICE_KEYS.map(({ name, meaning }) => `'${name}:${escape(meaning)}'`).join(" ");
  return `#compdef nuse
# zsh completion for nuse. ${MADE_BY}
# To use it: copy it to a folder of $fpath, for example /usr/local/share/zsh/site-functions.

# NAME=ADDRESS,KEY=VALUE,KEY=VALUE: an interface, then keys; the address is the person's.
_nuse_device() {
  local -a keys=(${keys})
  if ! compset -P '*,'; then
    compset -P '*=' && { _message 'address[/prefix]'; return }
    compadd -q -S = -- /sys/class/net/*(N:t)
    return
  fi
  if compset -P '*='; then
    case \${\${IPREFIX##*,}%=} in
${
    keysWithChoices().map(({ name, choices }) =>
      `      ${name}) compadd -- ${choices.join(" ")} ;;`
    ).join("\n")
  }
    esac
    return
  fi
  _describe -t keys key keys -q -S =
}

_nuse_run() {
  compadd -- \${(f)"$(\${words[1]/#\\~/$HOME} --list 2>/dev/null | sed -n '${RUN_NAMES}')"}
}

_nuse() {
  _arguments -S -s \\
${ROWS.map((option) => `    ${specification(option)} \\`).join("\n")}
    '(-)1:program: _command_names -e' \\
    '*::argument: _normal'
}

_nuse "$@"
`;
}
