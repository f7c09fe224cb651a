/* The program's network namespace: empty but for lo, so that what the shim does not catch (static
 * programs, raw system calls, io_uring) finds no network instead of the host's.
 *
 * It is made by a helper process that shares our memory and our descriptors (CLONE_VM, CLONE_FILES)
 * and ends at once: what it opens inside stays open for us outside. So no thread of ours is ever in
 * there, and a user namespace, which a process of several threads cannot enter, can be made the
 * same way for a user without CAP_SYS_ADMIN. In that one the user has the same number as outside,
 * and nobody else has one.
 *
 * What lo gets besides 127.0.0.1: an address that glibc does not take for "no IPv4 here"
 * (AI_ADDRCONFIG counts every address but that one).
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#define API __attribute__((visibility("default")))

#ifndef SO_NETNS_COOKIE
#define SO_NETNS_COOKIE 71
#endif

#define STACK_LEN (64 * 1024)
#define SECOND_LOOPBACK 0x7f000002 /* 127.0.0.2 */

/* A network. Descriptors: its namespace; the user namespace that owns it, or -1. The twin is
 * ffi/network.ts. */
struct network {
  uint64_t cookie; /* SO_NETNS_COOKIE of its sockets */
  int32_t net, user;
};

struct order {
  struct network *made;
  bool with_user;
  uid_t uid;
  gid_t gid;
  volatile int error;
};

static int write_text(const char *path, const char *text) {
  int fd = open(path, O_WRONLY | O_CLOEXEC);
  if (fd < 0) return -1;
  ssize_t n = write(fd, text, strlen(text));
  int saved = errno;
  close(fd);
  errno = saved;
  return n < 0 ? -1 : 0;
}

/* The user is the same inside as outside; without further groups (user_namespaces(7)). */
static int map_user(const struct order *o) {
  char line[64];
  snprintf(line, sizeof line, "%u %u 1", o->uid, o->uid);
  if (write_text("/proc/self/uid_map", line) < 0) return -1;
  if (write_text("/proc/self/setgroups", "deny") < 0) return -1;
  snprintf(line, sizeof line, "%u %u 1", o->gid, o->gid);
  return write_text("/proc/self/gid_map", line);
}

static int lo_up(int control) {
  struct ifreq request = {.ifr_name = "lo", .ifr_flags = IFF_UP | IFF_RUNNING};
  return ioctl(control, SIOCSIFFLAGS, &request);
}

/* Gives lo one more address. */
static int lo_add(int control, struct in_addr addr) {
  struct ifreq request = {0};
  struct sockaddr_in name = {.sin_family = AF_INET, .sin_addr = addr};
  strcpy(request.ifr_name, "lo:0");
  memcpy(&request.ifr_addr, &name, sizeof name);
  if (ioctl(control, SIOCSIFADDR, &request) < 0) return -1;
  name.sin_addr.s_addr = htonl(0xffffffff);
  memcpy(&request.ifr_netmask, &name, sizeof name);
  return ioctl(control, SIOCSIFNETMASK, &request);
}

/* In the helper, inside. */
static int furnish(const struct order *o) {
  struct network *made = o->made;
  if (o->with_user && map_user(o) < 0) return -1;
  int control = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (control < 0) return -1;
  struct in_addr second = {htonl(SECOND_LOOPBACK)};
  int r = lo_up(control) < 0 || lo_add(control, second) < 0 ? -1 : 0;
  socklen_t len = sizeof made->cookie;
  if (r == 0) r = getsockopt(control, SOL_SOCKET, SO_NETNS_COOKIE, &made->cookie, &len);
  close(control);
  if (r < 0) return -1;
  made->net = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
  if (made->net < 0) return -1;
  if (!o->with_user) return 0;
  made->user = open("/proc/self/ns/user", O_RDONLY | O_CLOEXEC);
  return made->user < 0 ? -1 : 0;
}

static int help(void *argument) {
  struct order *o = argument;
  o->error = furnish(o) < 0 ? errno : 0;
  _exit(0);
}

/* 0 or -errno. */
static int make(struct order *o) {
  int flags = CLONE_VM | CLONE_FILES | CLONE_VFORK | CLONE_NEWNET;
  char *stack = malloc(STACK_LEN);
  sigset_t all, before;
  if (stack == NULL) return -ENOMEM;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before); /* no handler of ours in the helper */
  pid_t helper = clone(help, stack + STACK_LEN, flags | (o->with_user ? CLONE_NEWUSER : 0), o);
  int error = helper < 0 ? errno : 0;
  if (helper > 0) {
    waitpid(helper, NULL, __WALL);
    error = o->error;
  }
  pthread_sigmask(SIG_SETMASK, &before, NULL);
  free(stack);
  return -error;
}

static void forget(struct network *made) {
  if (made->net >= 0) close(made->net);
  if (made->user >= 0) close(made->user);
  made->net = made->user = -1;
}

/* Makes a network. Fills `made`. Returns 0 or -errno. Before the thread is confined. */
API int nuse_make_network(struct network *made) {
  struct order o = {.made = made, .uid = geteuid(), .gid = getegid()};
  memset(made, 0xff, sizeof *made);
  int r = make(&o);
  if (r == -EPERM) {
    forget(made);
    o.with_user = true;
    r = make(&o);
  }
  if (r < 0) forget(made);
  return r;
}
