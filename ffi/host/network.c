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
#include <linux/if_packet.h>
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

#define CAPTURES_MAX 8
/* SO_MARK of our packet sockets: io/capture. */
#define CAPTURE_MARK 0x6e757365

/* A network. Descriptors: its namespace; the user namespace that owns it, or -1. Then what packet
 * sockets take (io/capture), or -1: a socket for ioctls, /proc/net/packet, and for each interface a
 * TAP that is none yet and a packet socket. The twin is ffi/network.ts. */
struct network {
  uint64_t cookie; /* SO_NETNS_COOKIE of its sockets */
  int32_t net, user;
  int32_t control, list;
  int32_t taps[CAPTURES_MAX], packets[CAPTURES_MAX];
};

struct order {
  struct network *made;
  bool with_user;
  int captures;
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

static void unequip(struct network *made) {
  if (made->control >= 0) close(made->control);
  if (made->list >= 0) close(made->list);
  for (int i = 0; i < CAPTURES_MAX; i++) {
    if (made->taps[i] >= 0) close(made->taps[i]);
    if (made->packets[i] >= 0) close(made->packets[i]);
    made->taps[i] = made->packets[i] = -1;
  }
  made->control = made->list = -1;
}

static int packet_socket(void) {
  int fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, 0), one = 1;
  int mark = CAPTURE_MARK;
  if (fd < 0) return -1;
  if (setsockopt(fd, SOL_PACKET, PACKET_VNET_HDR, &one, sizeof one) < 0 ||
      setsockopt(fd, SOL_SOCKET, SO_MARK, &mark, sizeof mark) < 0) {
    close(fd);
    return -1;
  }
  return fd;
}

/* What packet sockets take, should there be any; nothing is made of it yet. An interface that is
 * made later does without IPv6: the kernel would speak on it by itself. */
static int equip(struct network *made, int captures) {
  static const char NO_IPV6[] = "/proc/sys/net/ipv6/conf/default/disable_ipv6";
  if (write_text(NO_IPV6, "1") < 0 && errno != ENOENT) return -1;
  made->control = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  made->list = open("/proc/self/net/packet", O_RDONLY | O_CLOEXEC);
  if (made->control < 0 || made->list < 0) return -1;
  for (int i = 0; i < captures && i < CAPTURES_MAX; i++) {
    made->taps[i] = open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC);
    made->packets[i] = packet_socket();
    if (made->taps[i] < 0 || made->packets[i] < 0) return -1;
  }
  return 0;
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
  /* In a user namespace nobody of ours has the right to make an interface later. */
  if (!o->with_user && o->captures > 0 && equip(made, o->captures) < 0) unequip(made);
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
  unequip(made);
}

/* The whole of a file of /proc, as it is now. Returns its length, cut at `len`, or -errno. */
API int nuse_reread(int fd, uint8_t *base, int off, int len) {
  int done = 0;
  if (lseek(fd, 0, SEEK_SET) < 0) return -errno;
  while (done < len) {
    ssize_t n = read(fd, base + off + done, (size_t)(len - done));
    if (n < 0) return -errno;
    if (n == 0) break;
    done += (int)n;
  }
  return done;
}

/* Makes a network, with what packet sockets on so many interfaces take. Fills `made`. Returns 0 or
 * -errno. Before the thread is confined. */
API int nuse_make_network(struct network *made, int captures) {
  struct order o = {.made = made, .captures = captures, .uid = geteuid(), .gid = getegid()};
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
