/* What door.c calls and confine.c lets pass, and older headers do not name. */
#ifndef NUSE_DOOR_CALLS_H
#define NUSE_DOOR_CALLS_H

#include <linux/seccomp.h>
#include <stdint.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>

#ifndef SYS_pidfd_open
#define SYS_pidfd_open 434
#endif
#ifndef SYS_pidfd_getfd
#define SYS_pidfd_getfd 438
#endif
#ifndef SECCOMP_ADDFD_FLAG_SEND
#define SECCOMP_ADDFD_FLAG_SEND (1UL << 1)
#endif
#ifndef SECCOMP_USER_NOTIF_FD_SYNC_WAKE_UP
#define SECCOMP_USER_NOTIF_FD_SYNC_WAKE_UP (1UL << 0)
#define SECCOMP_IOCTL_NOTIF_SET_FLAGS SECCOMP_IOW(4, __u64)
#endif
#ifndef PIDFD_GET_USER_NAMESPACE
#define PIDFD_GET_USER_NAMESPACE _IO(0xFF, 9) /* Linux 6.11 */
#endif
/* struct pidfd_info in its first length, as words (Linux 6.13). */
#define NUSE_PIDFD_INFO_WORDS 16
#define NUSE_PIDFD_INFO_EUID 9
#define NUSE_PIDFD_INFO_CREDS 2u
#define NUSE_PIDFD_GET_INFO _IOWR(0xFF, 11, uint32_t[NUSE_PIDFD_INFO_WORDS])

#endif
