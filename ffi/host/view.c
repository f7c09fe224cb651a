/* What a program finds as /proc/net and /proc/sys/net: a file system that nuse serves itself, by
 * /dev/fuse (io/app/proc), among mounts of the program's own.
 *
 * /proc/sys/net is one folder for all processes, so that a mount on it shows in each of them; but
 * /proc/net is a link to a folder of each process's own (/proc/PID/net). So the link is covered by
 * another one, which leads to a folder of our file system. What a process finds in its own folder
 * is the kernel's, but for what the shim sees to (ffi/shim/calls/open.c).
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "door_filter.h"
#include "view.h"

#ifndef OPEN_TREE_CLONE
#define OPEN_TREE_CLONE 1
#endif
#ifndef MOVE_MOUNT_F_EMPTY_PATH
#define MOVE_MOUNT_F_EMPTY_PATH 4
#endif
/* The same numbers on every architecture. */
#ifndef SYS_open_tree
#define SYS_open_tree 428
#define SYS_move_mount 429
#endif

#define SETTINGS "/proc/sys/net"
#define NETWORK "/proc/net"
#define OWN_NETWORK "/proc/self/net"
/* The kernel's list of unix sockets, from which nuse's pairs are to be left out. */
#define UNIX_SOCKETS "/proc/self/net/unix"

/* The link `link` in the place of /proc/net. */
static int cover_link(const char *link) {
  long tree = syscall(SYS_open_tree, AT_FDCWD, link,
                      OPEN_TREE_CLONE | O_CLOEXEC | AT_SYMLINK_NOFOLLOW);
  if (tree < 0) return -1;
  long r = syscall(SYS_move_mount, tree, "", AT_FDCWD, NETWORK, MOVE_MOUNT_F_EMPTY_PATH);
  int saved = errno;
  close((int)tree);
  errno = saved;
  return (int)r;
}

/* The program's own folder, too: a static one finds it. Those that it starts have others; without
 * it nothing is worse than it was. */
static void cover_own(void) {
  long tree = syscall(SYS_open_tree, AT_FDCWD, SETTINGS "/.proc", OPEN_TREE_CLONE | O_CLOEXEC);
  if (tree < 0) return;
  syscall(SYS_move_mount, tree, "", AT_FDCWD, OWN_NETWORK, MOVE_MOUNT_F_EMPTY_PATH);
  close((int)tree);
}

/* Hands over a descriptor that is read again and again from its beginning. */
static int hand_over_list(int door) {
  int list = open(UNIX_SOCKETS, O_RDONLY | O_CLOEXEC);
  if (list < 0) return -1;
  int r = door_hand_over(door, list, DOOR_NEWS_UNIX, 0);
  close(list);
  errno = -r;
  return r < 0 ? -1 : 0;
}

/* In a process with mounts of its own, before the door is shut behind it. `link`: a symbolic link
 * to the folder with the network. The descriptor of the file system goes to the other end of
 * `door`. Returns 0 or -1 with errno: the program sees the kernel's. */
int view_network(const char *link, int door) {
  char options[128];
  int fuse = open("/dev/fuse", O_RDWR | O_CLOEXEC);
  if (fuse < 0) return -1;
  if (hand_over_list(door) < 0) return -1;
  snprintf(options, sizeof options,
           "fd=%d,rootmode=40555,user_id=%u,group_id=%u,allow_other,default_permissions", fuse,
           getuid(), getgid());
  int r = mount("nuse", SETTINGS, "fuse", MS_NOSUID | MS_NODEV | MS_NOEXEC, options);
  if (r == 0) {
    r = cover_link(link);
    if (r == 0 && door_hand_over(door, fuse, DOOR_NEWS_VIEW, 0) < 0) r = -1;
    if (r < 0) umount2(SETTINGS, MNT_DETACH);
    else cover_own();
  }
  int saved = errno;
  close(fuse);
  errno = saved;
  return r;
}
