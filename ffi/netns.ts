/**
 * Network namespaces of the calling thread. A socket or TAP device belongs for ever to the
 * namespace in which it was opened, so code can open it inside and use it outside.
 *
 * @module
 */
import { CLONE_NEWNET, O_CLOEXEC, O_RDONLY } from "./abi/file.ts";
import { check } from "./errno.ts";
import { cString, libc } from "./libc.ts";

/**
 * Runs `fn` inside a namespace: a name of `ip netns`, or a path such as /proc/PID/ns/net.
 * Synchronous only.
 */
export function inNetns<T>(nameOrPath: string, fn: () => T): T {
  const sys = libc();
  const path = nameOrPath.includes("/") ? nameOrPath : `/var/run/netns/${nameOrPath}`;
  const home = openNamespace("/proc/thread-self/ns/net");
  try {
    const target = openNamespace(path);
    try {
      check(sys.setns(target, CLONE_NEWNET), "setns", `cannot enter ${path}`, { path });
    } finally {
      sys.close(target);
    }
    try {
      return fn();
    } finally {
      check(sys.setns(home, CLONE_NEWNET), "setns", "cannot return to the namespace left");
    }
  } finally {
    sys.close(home);
  }
}

function openNamespace(path: string): number {
  const fd = libc().open(cString(path), O_RDONLY | O_CLOEXEC, 0);
  return check(fd, "open", `cannot open the namespace ${path}`, { path });
}
