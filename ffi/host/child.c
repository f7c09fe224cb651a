/* The program that runs under nuse: started as the shell would have started it, signalled, watched.
 *
 * Signals are written to a pipe by one handler, with who sent them, so that TypeScript can decide
 * what to pass on: a signal of the terminal (SI_KERNEL) has reached the program already, one sent
 * by a process to nuse has not. The program gets the signal dispositions, mask and descriptor limit
 * that nuse was started with, and dies with the thread that started it (PR_SET_PDEATHSIG).
 *
 * Where nuse has a front (cli/front.ts), the front's child is nuse, in a process group of its own,
 * and the two pass each other signals with a word about their origin (SI_PASSED).
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "door_filter.h"
#include "view.h"

#define API __attribute__((visibility("default")))

#define SIGNAL_COUNT 64

/* The si_code of an event that the partner has passed on; its si_pid is what the partner says. */
#define SI_PASSED 1000

/* int32 fields of an event: kind, value, si_code, si_pid. The twin is ffi/child.ts. */
enum { EVENT_SIGNAL = 1, EVENT_EXITED = 2, EVENT_KILLED = 3, EVENT_STOPPED = 4 };

struct record {
  int32_t signal, code, pid;
};

static int pipe_ends[2] = {-1, -1};
static bool was_ignored[SIGNAL_COUNT + 1];
static sigset_t first_mask;
static _Atomic pid_t child = -1;
static _Atomic pid_t partner = -1;

static void on_signal(int number, siginfo_t *info, void *context) {
  (void)context;
  int saved = errno;
  struct record r = {number, info->si_code, info->si_pid};
  if (info->si_code == SI_QUEUE && info->si_pid == partner) {
    r.code = SI_PASSED;
    r.pid = info->si_value.sival_int;
  }
  /* A full pipe holds thousands of signals that nobody has read: one more says nothing new. */
  ssize_t ignored = write(pipe_ends[1], &r, sizeof r);
  (void)ignored;
  errno = saved;
}

/* Signals of which nuse's own death or the kernel's default is the right answer, and SIGPIPE, which
 * the runtime has set to be ignored. */
static bool is_left_alone(int number) {
  switch (number) {
  case SIGKILL: case SIGSTOP: case SIGPIPE: case SIGSEGV: case SIGBUS: case SIGFPE: case SIGILL:
  case SIGTRAP: case SIGABRT: case SIGSYS: return true;
  default: return number > SIGSYS && number < SIGRTMIN;
  }
}

static int catch_one(int number) {
  struct sigaction action = {.sa_sigaction = on_signal};
  action.sa_flags = SA_SIGINFO | SA_RESTART | SA_ONSTACK;
  sigfillset(&action.sa_mask);
  /* nuse may write its messages from the background (SIGTTOU). */
  bool is_unwanted = was_ignored[number] || number == SIGTTIN || number == SIGTTOU;
  if (is_unwanted && number != SIGCHLD) {
    action.sa_flags = 0;
    action.sa_handler = SIG_IGN;
  }
  return sigaction(number, &action, NULL) < 0 ? -errno : 0;
}

/* Remembers what the program is to have. Call first, before the runtime changes anything. */
API int nuse_note_signals(void) {
  for (int number = 1; number <= SIGNAL_COUNT; number++) {
    struct sigaction before;
    if (is_left_alone(number)) continue;
    if (sigaction(number, NULL, &before) < 0) return -errno;
    was_ignored[number] = before.sa_handler == SIG_IGN;
  }
  return sigprocmask(SIG_SETMASK, NULL, &first_mask) < 0 ? -errno : 0;
}

/* Catches every signal that may be meant for the program. Call once, before spawn. */
API int nuse_catch_signals(void) {
  if (pipe2(pipe_ends, O_CLOEXEC | O_NONBLOCK) < 0) return -errno;
  for (int number = 1; number <= SIGNAL_COUNT; number++) {
    int r = is_left_alone(number) ? 0 : catch_one(number);
    if (r < 0) return r;
  }
  return 0;
}

/* What the vfork child reads; it shares our memory until it executes the program. */
struct launch {
  const char *path;
  char **argv, **envp;
  rlim_t soft_files;
  pid_t parent;
  /* The process group: 0 one of its own, that of this process, or -1 nuse's. */
  pid_t group;
  /* Namespaces to enter (network.c), or -1. */
  int net, user;
  /* For a program that changes user or group; shim is "" for others. See lend_library. */
  const char *shim, *folder, *library;
  /* See name_host; "": nuse's own. */
  const char *hostname;
  /* See show_file; "": the host's. */
  const char *shown, *shown_as;
  /* See show_network; "": the kernel's. */
  const char *network_link;
  /* Of the second door (door_filter.c), or -1. */
  int door;
  uint64_t mark;
  /* The program is not to start without it. */
  bool needs_door;
  volatile int error, door_error, view_error;
};

#define LIBRARY_MODE 04644

/* Copies the file `from` to `to`, which is made with `mode`. Returns 0 or -1 with errno. */
static int copy_file(const char *from, const char *to, mode_t mode) {
  struct stat info;
  int in = open(from, O_RDONLY | O_CLOEXEC);
  int out = open(to, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  int r = in < 0 || out < 0 ? -1 : fstat(in, &info);
  for (off_t done = 0; r == 0 && done < info.st_size;) {
    if (sendfile(out, in, &done, (size_t)(info.st_size - done)) <= 0) r = -1;
  }
  if (r == 0) r = fchmod(out, mode);
  close(in);
  close(out);
  return r;
}

/* Mounts that only this process and what it starts see: in a mount namespace of its own, in which
 * the host's later mounts still show (MS_SLAVE). */
static int own_mounts(void) {
  if (unshare(CLONE_NEWNS) < 0) return -1;
  return mount(NULL, "/", NULL, MS_REC | MS_SLAVE, NULL);
}

/* Puts a setuid copy of the shim where the loader of a setuid program accepts it, among mounts of
 * its own, on a tmpfs that nothing else has. `library` is an empty file of the system's library
 * folder, which the copy covers; `folder` is where the tmpfs is made. */
static int lend_library(const struct launch *l) {
  char copy[4096];
  if (l->shim[0] == '\0') return 0;
  snprintf(copy, sizeof copy, "%s/shim", l->folder);
  if (own_mounts() < 0) return -1;
  if (mount("nuse", l->folder, "tmpfs", MS_NODEV, "mode=0700") < 0) return -1;
  if (copy_file(l->shim, copy, LIBRARY_MODE) < 0) return -1;
  if (mount(copy, l->library, NULL, MS_BIND, NULL) < 0) return -1;
  return umount2(l->folder, MNT_DETACH);
}

/* The user namespace first: it is what gives the right to enter the other. */
static int enter_network(const struct launch *l) {
  if (l->user >= 0 && setns(l->user, CLONE_NEWUSER) < 0) return -1;
  return l->net >= 0 ? setns(l->net, CLONE_NEWNET) : 0;
}

/* A host name that only the program and what it starts see: in a UTS namespace of its own. */
static int name_host(const struct launch *l) {
  if (l->hostname[0] == '\0') return 0;
  return unshare(CLONE_NEWUTS) < 0 ? -1 : sethostname(l->hostname, strlen(l->hostname));
}

/* The file `shown` in the place of the host's `shown_as`, among mounts of its own. */
static int show_file(const struct launch *l) {
  if (l->shown[0] == '\0') return 0;
  if (own_mounts() < 0) return -1;
  return mount(l->shown, l->shown_as, NULL, MS_BIND, NULL);
}

/* The stack in the place of /proc/net (view.c); where that is not possible, the kernel's stays. */
static void show_network(struct launch *l) {
  if (l->network_link[0] == '\0' || l->door < 0) return;
  if (own_mounts() < 0 || view_network(l->network_link, l->door) < 0) l->view_error = errno;
}

static int join_group(const struct launch *l) {
  if (l->group < 0) return 0;
  return setpgid(0, l->group == 0 ? 0 : getpgid(l->group));
}

static void run_child(struct launch *l) {
  for (int number = 1; number <= SIGNAL_COUNT; number++) {
    struct sigaction action = {.sa_handler = was_ignored[number] ? SIG_IGN : SIG_DFL};
    if (!is_left_alone(number) || number == SIGPIPE) sigaction(number, &action, NULL);
  }
  struct rlimit files;
  if (l->soft_files > 0 && getrlimit(RLIMIT_NOFILE, &files) == 0 &&
      l->soft_files <= files.rlim_max) {
    files.rlim_cur = l->soft_files;
    setrlimit(RLIMIT_NOFILE, &files);
  }
  if (join_group(l) < 0 || enter_network(l) < 0 || name_host(l) < 0 || lend_library(l) < 0 ||
      show_file(l) < 0) {
    l->error = errno;
    _exit(127);
  }
  show_network(l);
  prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
  if (getppid() != l->parent) _exit(127);
  if (l->door >= 0) l->door_error = -door_install(l->door, l->mark);
  if (l->door_error != 0 && l->needs_door) _exit(127);
  sigprocmask(SIG_SETMASK, &first_mask, NULL);
  execve(l->path, l->argv, l->envp);
  l->error = errno;
  _exit(127);
}

/* Pointers to `count` strings that follow each other; the end of the last is returned by `end`. */
static char **split(char *strings, int count, char **end) {
  char **table = calloc((size_t)count + 1, sizeof *table);
  if (table == NULL) return NULL;
  for (int i = 0; i < count; i++) {
    table[i] = strings;
    strings += strlen(strings) + 1;
  }
  *end = strings;
  return table;
}

static pid_t launch(struct launch *l) {
  sigset_t all, before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  pid_t pid = vfork();
  if (pid == 0) run_child(l);
  int error = pid < 0 ? errno : l->error;
  if (l->door_error != 0 && l->needs_door) error = l->door_error;
  pthread_sigmask(SIG_SETMASK, &before, NULL);
  if (error == 0) return pid;
  if (pid > 0) waitpid(pid, NULL, 0);
  return -error;
}

/* Numbers that nuse_spawn takes; the twin is ffi/child.ts. */
enum {
  SOFT_FILES, /* its limit of descriptors, 0: ours */
  IGNORES_SIGPIPE,
  NET_NAMESPACE, /* to enter, or -1 */
  USER_NAMESPACE,
  GROUP, /* see struct launch, as the others */
  DOOR,
  NEEDS_DOOR,
  DOOR_ERROR, /* to be filled in: 0, or why there is no door */
  MARK_LOW,
  MARK_HIGH,
  VIEW_ERROR, /* to be filled in: 0, or why /proc/net is the kernel's */
};

/* Starts the program; `strings` holds argc arguments, then envc variables, each with its NUL;
 * `texts` are three strings for lend_library, the first empty when there is nothing to lend, one
 * for name_host, two for show_file and one for show_network. Returns the pid or -errno. */
API int nuse_spawn(const char *path, char *strings, int argc, int envc, const char *texts,
                   int32_t *numbers) {
  struct launch l = {.path = path, .parent = getpid()};
  l.soft_files = (rlim_t)numbers[SOFT_FILES];
  l.net = numbers[NET_NAMESPACE];
  l.user = numbers[USER_NAMESPACE];
  l.group = numbers[GROUP];
  l.door = numbers[DOOR];
  l.needs_door = numbers[NEEDS_DOOR] != 0;
  l.mark = (uint64_t)(uint32_t)numbers[MARK_HIGH] << 32 | (uint32_t)numbers[MARK_LOW];
  char *rest = strings;
  l.shim = texts;
  l.folder = l.shim + strlen(l.shim) + 1;
  l.library = l.folder + strlen(l.folder) + 1;
  l.hostname = l.library + strlen(l.library) + 1;
  l.shown = l.hostname + strlen(l.hostname) + 1;
  l.shown_as = l.shown + strlen(l.shown) + 1;
  l.network_link = l.shown_as + strlen(l.shown_as) + 1;
  was_ignored[SIGPIPE] = numbers[IGNORES_SIGPIPE] != 0;
  l.argv = split(rest, argc, &rest);
  l.envp = split(rest, envc, &rest);
  int pid = l.argv == NULL || l.envp == NULL ? -ENOMEM : launch(&l);
  numbers[DOOR_ERROR] = l.door_error;
  numbers[VIEW_ERROR] = l.view_error;
  free(l.argv);
  free(l.envp);
  if (pid > 0) {
    child = pid;
    /* It may have ended before we knew its number. */
    struct record r = {.signal = SIGCHLD};
    ssize_t ignored = write(pipe_ends[1], &r, sizeof r);
    (void)ignored;
  }
  return pid;
}

/* The newest change of the child's state; false: none. */
static bool take_change(int32_t event[4]) {
  int status, newest = 0;
  bool changed = false;
  pid_t pid = child;
  if (pid < 0) return false;
  while (waitpid(pid, &status, WNOHANG | WUNTRACED | WCONTINUED) == pid) {
    newest = status;
    changed = true;
    if (WIFEXITED(status) || WIFSIGNALED(status)) {
      child = -1;
      break;
    }
  }
  if (!changed || WIFCONTINUED(newest)) return false;
  event[0] = WIFEXITED(newest) ? EVENT_EXITED : WIFSIGNALED(newest) ? EVENT_KILLED : EVENT_STOPPED;
  event[1] = WIFEXITED(newest)     ? WEXITSTATUS(newest)
             : WIFSIGNALED(newest) ? WTERMSIG(newest)
                                   : WSTOPSIG(newest);
  event[2] = event[3] = 0;
  return true;
}

/* Waits for at most `timeout_ms` (-1: for ever) for a signal or a change of the child's state.
 * Returns 1 and the event, 0 when none came, or -errno. Blocks: not for the event loop's thread. */
API int nuse_next_event(int32_t *event, int timeout_ms) {
  for (;;) {
    struct record r;
    if (read(pipe_ends[0], &r, sizeof r) == (ssize_t)sizeof r) {
      /* In the order of arrival: the Ctrl-C that ended the child comes before its end. */
      if (r.signal == SIGCHLD && take_change(event)) return 1;
      if (r.signal == SIGCHLD) continue;
      event[0] = EVENT_SIGNAL;
      event[1] = r.signal;
      event[2] = r.code;
      event[3] = r.pid;
      return 1;
    }
    struct pollfd p = {.fd = pipe_ends[0], .events = POLLIN};
    int n = poll(&p, 1, timeout_ms);
    if (n < 0 && errno != EINTR) return -errno;
    if (n == 0) return 0;
  }
}

/* Stops this process as the program was stopped; returns when it is continued. */
API int nuse_stop_self(int number) {
  struct sigaction before, action = {.sa_handler = SIG_DFL};
  if (sigaction(number, &action, &before) < 0) return -errno;
  int r = kill(getpid(), number) < 0 ? -errno : 0;
  sigaction(number, &before, NULL);
  return r;
}

/* Ends this process by a signal, as the program was ended. */
API int nuse_die_by(int number) {
  struct rlimit none = {0, 0};
  struct sigaction action = {.sa_handler = SIG_DFL};
  sigset_t one;
  sigemptyset(&one);
  sigaddset(&one, number);
  setrlimit(RLIMIT_CORE, &none);
  sigaction(number, &action, NULL);
  pthread_sigmask(SIG_UNBLOCK, &one, NULL);
  return kill(getpid(), number) < 0 ? -errno : 0;
}

/* From now on signals that `pid` passes on say where they came from. */
API void nuse_set_partner(int pid) { partner = pid; }

/* Passes a signal on to the partner, with a word about its origin. */
API int nuse_pass_signal(int pid, int number, int origin) {
  union sigval value = {.sival_int = origin};
  return sigqueue(pid, number, value) < 0 ? -errno : 0;
}

API int nuse_kill(int pid, int number) { return kill(pid, number) < 0 ? -errno : 0; }

API int nuse_ring(int event_fd) {
  uint64_t one = 1;
  return write(event_fd, &one, sizeof one) < 0 ? -errno : 0;
}

/* 1 when the file has capabilities. */
API int nuse_has_capabilities(const char *path) {
  return getxattr(path, "security.capability", NULL, 0) > 0;
}
