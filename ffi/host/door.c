/* The second door from the side of who answers (seccomp_unotify(2)): the twin of ffi/door.ts. What
 * a call means, and what is answered, is TypeScript's (io/app/door).
 *
 * A call in its wait is known by its id, which travels here as two halves; the memory of its
 * program by 64-bit addresses, which lie in our own memory, as the kernel has put them there: they
 * would not fit a number of JavaScript. What has been read is good only if the id is still valid
 * afterwards: the process may have died, and its number be another's.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/seccomp.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include "door_calls.h"

#define API __attribute__((visibility("default")))

/* Threads have numbers above that of the first one of their process, and mostly close to it. */
#define LEADER_SEARCH 32768

static int result(long r) { return r < 0 ? -errno : (int)r; }

static uint64_t id_of(uint32_t low, uint32_t high) { return (uint64_t)high << 32 | low; }

/* Whoever is answered runs on the CPU that is about to be free (Linux 6.6). Returns 0 or -errno. */
API int nuse_door_prepare(int door) {
  return result(ioctl(door, SECCOMP_IOCTL_NOTIF_SET_FLAGS, SECCOMP_USER_NOTIF_FD_SYNC_WAKE_UP));
}

/* The next call, a struct seccomp_notif at `off`. -ENOENT: its thread has been interrupted. Blocks,
 * unless poll() has shown one. */
API int nuse_door_receive(int door, uint8_t *base, int off) {
  memset(base + off, 0, sizeof(struct seccomp_notif));
  return result(ioctl(door, SECCOMP_IOCTL_NOTIF_RECV, base + off));
}

API int nuse_door_is_valid(int door, uint32_t low, uint32_t high) {
  uint64_t id = id_of(low, high);
  return ioctl(door, SECCOMP_IOCTL_NOTIF_ID_VALID, &id) == 0;
}

/* The call has this result, n or -errno. -ENOENT: nobody waits for it any more. */
API int nuse_door_answer(int door, uint32_t low, uint32_t high, int value) {
  struct seccomp_notif_resp answer = {.id = id_of(low, high)};
  if (value < 0) answer.error = value;
  else answer.val = value;
  return result(ioctl(door, SECCOMP_IOCTL_NOTIF_SEND, &answer));
}

/* The kernel is to carry the call out. */
API int nuse_door_pass(int door, uint32_t low, uint32_t high) {
  struct seccomp_notif_resp answer = {.id = id_of(low, high)};
  answer.flags = SECCOMP_USER_NOTIF_FLAG_CONTINUE;
  return result(ioctl(door, SECCOMP_IOCTL_NOTIF_SEND, &answer));
}

/* Puts a copy of `fd` into the program: the answer, at the lowest free number; `at` >= 0: no answer
 * yet, at that number. Returns the number there, or -errno. */
API int nuse_door_give(int door, uint32_t low, uint32_t high, int fd, int at, int cloexec) {
  struct seccomp_notif_addfd given = {.id = id_of(low, high), .srcfd = (uint32_t)fd};
  given.newfd_flags = cloexec ? O_CLOEXEC : 0;
  given.newfd = at >= 0 ? (uint32_t)at : 0;
  given.flags = at >= 0 ? SECCOMP_ADDFD_FLAG_SETFD : SECCOMP_ADDFD_FLAG_SEND;
  return result(ioctl(door, SECCOMP_IOCTL_NOTIF_ADDFD, &given));
}

/* Whether `thread` is one of the process `process`; signal 0 is sent to nobody. */
API int nuse_door_is_thread_of(int process, int thread) {
  return syscall(SYS_tgkill, process, thread, 0) == 0 || errno == EPERM;
}

/* The process of a thread, and its pidfd in `pidfd`. Returns its number, or -errno. */
API int nuse_door_process_of(int thread, int32_t *pidfd) {
  int lowest = thread > LEADER_SEARCH ? thread - LEADER_SEARCH : 1;
  for (int process = thread; process >= lowest; process--) {
    if (process != thread && !nuse_door_is_thread_of(process, thread)) continue;
    *pidfd = (int32_t)syscall(SYS_pidfd_open, process, 0);
    if (*pidfd >= 0) return process;
    /* Neither is a thread's number that of a process: EINVAL, ENOENT since 6.16. */
    if (errno != EINVAL && errno != ENOENT) return -errno;
  }
  return -ESRCH;
}

/* 1: the thread has the capability (capget() of another asks for no right), in whatever user
 * namespace it is. */
API int nuse_door_has_capability(int thread, int capability) {
  struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3, .pid = thread};
  struct __user_cap_data_struct data[2];
  if (syscall(SYS_capget, &header, data) < 0) return 0;
  return data[CAP_TO_INDEX(capability)].effective >> (capability & 31) & 1;
}

/* The inode of the user namespace of a process, or of this thread's (-1). 0: not known. */
API double nuse_door_user_namespace(int pidfd) {
  struct stat info = {0};
  int fd = pidfd < 0 ? open("/proc/thread-self/ns/user", O_RDONLY | O_CLOEXEC)
                     : ioctl(pidfd, PIDFD_GET_USER_NAMESPACE, 0);
  if (fd < 0) return 0;
  if (syscall(SYS_fstat, fd, &info) < 0) info.st_ino = 0;
  close(fd);
  return (double)info.st_ino;
}

/* The effective user of a process, as this thread counts users; -1: not known. */
API double nuse_door_user(int pidfd) {
  uint32_t info[NUSE_PIDFD_INFO_WORDS] = {NUSE_PIDFD_INFO_CREDS};
  bool is_told = ioctl(pidfd, NUSE_PIDFD_GET_INFO, info) == 0 && (info[0] & NUSE_PIDFD_INFO_CREDS);
  return is_told ? (double)info[NUSE_PIDFD_INFO_EUID] : -1;
}

/* A copy of the program's descriptor. */
API int nuse_door_get(int pidfd, int fd) {
  return result(syscall(SYS_pidfd_getfd, pidfd, fd, 0));
}

/* `delta` bytes behind the address that lies at `address_off`. */
static struct iovec there(const uint8_t *base, int address_off, int delta, int len) {
  uint64_t address;
  memcpy(&address, base + address_off, sizeof address);
  return (struct iovec){(void *)(uintptr_t)(address + (uint64_t)delta), (size_t)len};
}

static int whole(ssize_t n, int len) { return n < 0 ? -errno : n < len ? -EFAULT : 0; }

/* Copies `len` bytes from the program; all of them, or -EFAULT. */
API int nuse_door_read(int thread, uint8_t *base, int off, int len, int address_off, int delta) {
  struct iovec ours = {base + off, (size_t)len}, theirs = there(base, address_off, delta, len);
  return len == 0 ? 0 : whole(process_vm_readv(thread, &ours, 1, &theirs, 1, 0), len);
}

API int nuse_door_write(int thread, uint8_t *base, int off, int len, int address_off, int delta) {
  struct iovec ours = {base + off, (size_t)len}, theirs = there(base, address_off, delta, len);
  return len == 0 ? 0 : whole(process_vm_writev(thread, &ours, 1, &theirs, 1, 0), len);
}

/* O_NONBLOCK is the open file's, so that of the program, too. */
API int nuse_door_is_nonblocking(int fd) {
  int flags = fcntl(fd, F_GETFL);
  return flags < 0 ? -errno : (flags & O_NONBLOCK) != 0;
}

API int nuse_door_make_nonblocking(int fd) { return result(fcntl(fd, F_SETFL, O_NONBLOCK)); }
