/*
 * Calls that start another program in this process's place, or in a child made inside the C
 * library (posix_spawn, system, popen). Two things are seen to before: that the new image finds the
 * service (control_pass_on), and that the service hears of one that no shim will be in. What is
 * said about it are facts; what they mean is decided in cli/unserved.ts.
 *
 * A program of musl does not start with a preloaded library of another C library: it gets its
 * environment without LD_PRELOAD, and is served by the second door.
 *
 * A vfork child may do both: it sends one message that nobody answers, and changes only its own
 * descriptors. The commands of system() and popen() are the shell's, which has a shim of its own.
 */
#include "../core/shim.h"

#include <fcntl.h>
#include <spawn.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "../core/control.h"
#include "../core/process.h"
#include "../core/real.h"
#include "../core/rings.h"

#define FALLBACK_PATH "/bin:/usr/bin" /* execvp's, without $PATH */
#define PATH_MAX_LEN 1024 /* on the stack, which may be small */

struct facts {
  uint32_t flags, mode, uid, gid, euid, egid, path_len;
  uint8_t rest[PATH_MAX_LEN + NUSE_IMAGE_LEN];
};
_Static_assert(offsetof(struct facts, rest) == NUSE_IMAGE_PATH_OFF, "facts");
_Static_assert(offsetof(struct facts, mode) == NUSE_IMAGE_MODE_OFF, "facts");
_Static_assert(offsetof(struct facts, euid) == NUSE_IMAGE_EUID_OFF, "facts");
_Static_assert(sizeof(struct facts) <= NUSE_DATA_MAX, "facts");

/* The value of a variable; NULL: it is not there. */
static const char *value_of(char *const envp[], const char *name) {
  size_t len = strlen(name);
  for (char *const *entry = envp; entry != NULL && *entry != NULL; entry++) {
    if (strncmp(*entry, name, len) == 0 && (*entry)[len] == '=') return *entry + len + 1;
  }
  return NULL;
}

static bool is_preloaded(char *const envp[]) {
  const char *preload = value_of(envp, "LD_PRELOAD");
  const char *own = shim_file();
  const char *name = strrchr(own, '/');
  return preload != NULL && strstr(preload, name == NULL ? own : name + 1) != NULL;
}

static void pass_on(char *const envp[]) {
  control_pass_on(is_preloaded(envp), value_of(envp, "NUSE_SOCK"));
}

static bool is_of_musl(const uint8_t *start, ssize_t len) {
  static const char loader[] = "/ld-musl-";
  return len > 4 && memcmp(start, "\177ELF", 4) == 0 &&
         memmem(start, (size_t)len, loader, sizeof loader - 1) != NULL;
}

/* Of the file `fd`, which is to be executed as `path`. Whether LD_PRELOAD is in its way. */
static bool tell_of(int fd, const char *path, char *const envp[]) {
  struct facts f = {.euid = geteuid(), .egid = getegid()};
  struct stat info;
  size_t path_len = strnlen(path, PATH_MAX_LEN);
  if (fstat(fd, &info) != 0 || !S_ISREG(info.st_mode)) return false;
  if (is_preloaded(envp)) f.flags |= NUSE_IMAGE_PRELOADED;
  if (access(shim_file(), R_OK) == 0) f.flags |= NUSE_IMAGE_SHIM_READABLE;
  f.mode = info.st_mode;
  f.uid = info.st_uid;
  f.gid = info.st_gid;
  f.path_len = (uint32_t)path_len;
  if (fgetxattr(fd, "security.capability", NULL, 0) > 0) f.flags |= NUSE_IMAGE_HAS_CAPABILITIES;
  memcpy(f.rest, path, path_len);
  ssize_t n = pread(fd, f.rest + path_len, NUSE_IMAGE_LEN, 0);
  struct control_request request = {.op = NUSE_OP_IMAGE, .data = &f};
  request.data_len = NUSE_IMAGE_PATH_OFF + path_len + (n > 0 ? (size_t)n : 0);
  control_tell(&request);
  return is_of_musl(f.rest + path_len, n);
}

static bool tell_path(const char *path, char *const envp[]) {
  int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
  if (fd < 0) return false; /* it cannot be executed, or not be read: nothing is known of it */
  bool is_hampered = tell_of(fd, path, envp);
  real()->close(fd);
  return is_hampered;
}

/* ---- the calls ---- */

/* What execvp() will execute: the first of that name in $PATH that may be. */
static bool tell_name(const char *name, char *const envp[]) {
  char path[PATH_MAX_LEN];
  const char *folders = value_of(environ, "PATH");
  if (strchr(name, '/') != NULL) {
    return tell_path(name, envp);
  }
  if (folders == NULL) folders = FALLBACK_PATH;
  for (;;) {
    size_t len = strcspn(folders, ":");
    const char *slash = len == 0 ? "" : "/";
    int n = snprintf(path, sizeof path, "%.*s%s%s", (int)len, folders, slash, name);
    if (n > 0 && (size_t)n < sizeof path && access(path, X_OK) == 0) {
      return tell_path(path, envp);
    }
    if (folders[len] == '\0') return false;
    folders += len + 1;
  }
}

static bool is_told(void) {
  return shim_enabled() && !process_is_sandboxed() && !atomic_load(&sandbox_has_filter);
}

/* Whether the new image, which `tell` finds, is to have no LD_PRELOAD. */
static bool before(const char *file, char *const envp[],
                   bool (*tell)(const char *file, char *const envp[])) {
  int saved = errno;
  bool is_hampered = false;
  rings_leave();
  if (is_told() && file != NULL) {
    pass_on(envp);
    is_hampered = tell(file, envp);
  }
  errno = saved;
  return is_hampered;
}

/* Room for a table that begins with `envp`, on the caller's stack. */
static size_t table_len(char *const envp[]) {
  size_t len = 0;
  while (envp != NULL && envp[len] != NULL) len++;
  return len + 1;
}

/* `envp` without LD_PRELOAD, if that is in the way, in `table`. */
static char *const *environment(bool is_hampered, char *const envp[], char **table) {
  char **end = table;
  if (!is_hampered || envp == NULL) return envp;
  for (char *const *entry = envp; *entry != NULL; entry++) {
    if (strncmp(*entry, "LD_PRELOAD=", 11) != 0) *end++ = *entry;
  }
  *end = NULL;
  return table;
}

static void before_shell(void) {
  int saved = errno;
  rings_leave();
  if (is_told()) pass_on(environ);
  errno = saved;
}

EXPORT int execve(const char *path, char *const argv[], char *const envp[]) {
  bool is_hampered = before(path, envp, tell_path);
  char *table[is_hampered ? table_len(envp) : 1];
  return real()->execve(path, argv, environment(is_hampered, envp, table));
}

EXPORT int execv(const char *path, char *const argv[]) { return execve(path, argv, environ); }

EXPORT int execvpe(const char *file, char *const argv[], char *const envp[]) {
  bool is_hampered = before(file, envp, tell_name);
  char *table[is_hampered ? table_len(envp) : 1];
  return real()->execvpe(file, argv, environment(is_hampered, envp, table));
}

EXPORT int execvp(const char *file, char *const argv[]) { return execvpe(file, argv, environ); }

EXPORT int fexecve(int fd, char *const argv[], char *const envp[]) {
  char path[32];
  snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
  before(path, envp, tell_path);
  return real()->fexecve(fd, argv, envp);
}

/* The strings from `first` on up to NULL, as a table of `count` and a NULL. */
static void collect(char **table, size_t count, const char *first, va_list *list) {
  table[0] = (char *)first;
  for (size_t i = 1; i <= count; i++) table[i] = va_arg(*list, char *);
}

static size_t count_strings(const char *first, va_list *list) {
  size_t count = first == NULL ? 0 : 1;
  while (count > 0 && va_arg(*list, char *) != NULL) count++;
  return count;
}

EXPORT int execl(const char *path, const char *first, ...) {
  va_list list;
  va_start(list, first);
  size_t count = count_strings(first, &list);
  va_end(list);
  char *argv[count + 1];
  va_start(list, first);
  collect(argv, count, first, &list);
  va_end(list);
  return execve(path, argv, environ);
}

EXPORT int execle(const char *path, const char *first, ...) {
  va_list list;
  va_start(list, first);
  size_t count = count_strings(first, &list);
  va_end(list);
  char *argv[count + 1];
  va_start(list, first);
  collect(argv, count, first, &list);
  char *const *envp = va_arg(list, char *const *);
  va_end(list);
  return execve(path, argv, envp);
}

EXPORT int execlp(const char *file, const char *first, ...) {
  va_list list;
  va_start(list, first);
  size_t count = count_strings(first, &list);
  va_end(list);
  char *argv[count + 1];
  va_start(list, first);
  collect(argv, count, first, &list);
  va_end(list);
  return execvpe(file, argv, environ);
}

EXPORT int posix_spawn(pid_t *restrict pid, const char *restrict path,
                       const posix_spawn_file_actions_t *actions,
                       const posix_spawnattr_t *restrict attributes,
                       char *const argv[restrict], char *const envp[restrict]) {
  bool is_hampered = before(path, envp, tell_path);
  char *table[is_hampered ? table_len(envp) : 1];
  char *const *own = environment(is_hampered, envp, table);
  return real()->posix_spawn(pid, path, actions, attributes, argv, own);
}

EXPORT int posix_spawnp(pid_t *restrict pid, const char *restrict file,
                        const posix_spawn_file_actions_t *actions,
                        const posix_spawnattr_t *restrict attributes,
                        char *const argv[restrict], char *const envp[restrict]) {
  bool is_hampered = before(file, envp, tell_name);
  char *table[is_hampered ? table_len(envp) : 1];
  char *const *own = environment(is_hampered, envp, table);
  return real()->posix_spawnp(pid, file, actions, attributes, argv, own);
}

EXPORT int system(const char *command) {
  before_shell();
  return real()->system(command);
}

EXPORT FILE *popen(const char *command, const char *mode) {
  before_shell();
  return real()->popen(command, mode);
}
