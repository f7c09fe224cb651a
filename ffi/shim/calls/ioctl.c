/*
 * ioctl. The answer is the service's, except for what lies in the pair: FIONREAD is answered from
 * its queue, SIOCATMARK by stream/urgent.c, and SIOCGSTAMP from the last datagram.
 */
#include "../core/shim.h"

#include <linux/sockios.h>
#include <net/if.h>
#include <net/if_arp.h>
#include <stdarg.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>

#include "../core/memory.h"
#include "../core/real.h"
#include "../core/settle.h"
#include "../core/socket.h"
#include "../datagram/datagram.h"
#include "../interfaces/interfaces.h"
#include "../stream/stream.h"

#define SOCKET_IOCTL_FIRST 0x8900
#define SOCKET_IOCTL_LAST 0x89ff

/* Receive time of the last datagram, as struct timeval or (`nano`) struct timespec. */
static long last_stamp(struct fd_entry *e, void *out, bool nano) {
  uint64_t stamp_us = atomic_load_explicit(&e->stamp_us, memory_order_relaxed);
  if (stamp_us == 0) return -ENOENT;
  long fraction = (long)(stamp_us % 1000000);
  long pair[2] = {(long)(stamp_us / 1000000), nano ? fraction * 1000 : fraction};
  return copy_out(out, pair, sizeof pair);
}

static long ioctl_service(int fd, struct fd_entry *e, unsigned long op, void *argument,
                          size_t len) {
  union {
    struct ifreq device;
    struct arpreq neighbour;
  } changed;
  struct control_request request = {
      .op = NUSE_OP_IOCTL, .a = (int)op, .data = argument, .data_len = len};
  struct control_reply reply = {.data = &changed, .data_cap = len};
  long result = entry_call(fd, e, &request, &reply);
  if (result < 0) return result;
  return copy_out(argument, &changed, reply.data_len < len ? reply.data_len : len);
}

/* What changes the network is carried out at the second door, which can tell who asks, and read
 * what the argument points at; it takes no call of ours from us. */
static bool is_change(unsigned long op) {
  switch (op) {
    case SIOCADDRT:
    case SIOCDELRT:
    case SIOCSIFFLAGS:
    case SIOCSIFADDR:
    case SIOCSIFDSTADDR:
    case SIOCSIFBRDADDR:
    case SIOCSIFNETMASK:
    case SIOCSIFMETRIC:
    case SIOCSIFMEM:
    case SIOCSIFMTU:
    case SIOCSIFNAME:
    case SIOCSIFHWADDR:
    case SIOCSIFENCAP:
    case SIOCSIFSLAVE:
    case SIOCADDMULTI:
    case SIOCDELMULTI:
    case SIOCSIFPFLAGS:
    case SIOCDIFADDR:
    case SIOCSIFHWBROADCAST:
    case SIOCSIFTXQLEN:
    case SIOCSIFMAP:
    case SIOCDARP:
    case SIOCSARP:
      return true;
    default:
      return false;
  }
}

static long unread(int fd, struct fd_entry *e) {
  bool is_watched = (entry_word(e) & WORD_URGENT) && entry_verify(fd, e);
  return is_watched ? urgent_waiting(fd, e) : stream_unread(fd, e);
}

static long ioctl_nuse(int fd, enum fd_kind kind, struct fd_entry *e, unsigned long op,
                       void *argument) {
  settle();
  switch (op) {
    case FIONREAD:
      if (kind == KIND_STREAM && (entry_word(e) & NUSE_STATE_LISTENING)) return -EINVAL;
      if (kind == KIND_STREAM || entry_verify(fd, e)) {
        long waiting = kind == KIND_STREAM ? unread(fd, e) : dgram_next_len(fd, e);
        if (waiting < 0) return waiting;
        return copy_out(argument, &(int){(int)waiting}, sizeof(int));
      }
      break;
    case TIOCOUTQ: /* SIOCOUTQ */
    case SIOCOUTQNSD:
      if (!entry_verify(fd, e)) break;
      return ioctl_service(fd, e, op, argument, sizeof(int));
    case SIOCATMARK:
      if (kind == KIND_STREAM && entry_verify(fd, e)) {
        return copy_out(argument, &(int){(int)urgent_at_mark(fd, e)}, sizeof(int));
      }
      if (kind == KIND_DATAGRAM) return -ENOTTY;
      return copy_out(argument, &(int){0}, sizeof(int));
    case SIOCGSTAMP_OLD:
    case SIOCGSTAMPNS_OLD:
      return last_stamp(e, argument, op == SIOCGSTAMPNS_OLD);
    case SIOCGIFCONF:
      return interfaces_ifconf(argument);
    case SIOCGARP:
      return ioctl_service(fd, e, op, argument, sizeof(struct arpreq));
    case FIOSETOWN:
    case SIOCSPGRP:
      if (kind == KIND_STREAM) urgent_own(fd);
      break;
    case FIOGETOWN:
    case SIOCGPGRP:
      break;
    default:
      /* Never the kernel's: on an AF_UNIX socket it would answer for, or change, the host's
       * interfaces. */
      if (op >= SOCKET_IOCTL_FIRST && op <= SOCKET_IOCTL_LAST) {
        if (!is_change(op)) return ioctl_service(fd, e, op, argument, sizeof(struct ifreq));
        long result = ioctl_service(fd, e, op, NULL, 0);
        if (result != -NUSE_AT_DOOR) return result;
        long unmarked = 0;
        return sys_result(real()->syscall(SYS_ioctl, (long)fd, (long)op, (long)argument, unmarked,
                                          unmarked, unmarked));
      }
  }
  return sys_result(real()->ioctl(fd, op, argument));
}

EXPORT int ioctl(int fd, unsigned long op, ...) {
  int saved = errno;
  struct fd_entry *e;
  va_list list;
  va_start(list, op);
  void *argument = va_arg(list, void *);
  va_end(list);
  enum fd_kind kind = table_kind(fd, &e);
  if (!is_nuse(kind)) return real()->ioctl(fd, op, argument);
  return (int)shim_return(ioctl_nuse(fd, kind, e, op, argument), saved);
}

/* libc's own would not come by here. */
EXPORT int sockatmark(int fd) {
  int is_at_mark;
  return ioctl(fd, SIOCATMARK, &is_at_mark) < 0 ? -1 : is_at_mark;
}
