/* Bad pointers, to places that are looked at in the shim: EFAULT, and the next call works. */
#include "check.h"

#include <net/if.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/uio.h>
#include <unistd.h>

#define PAGE 4096

/* One page that can be used, one that cannot. */
static uint8_t *half_page(void) {
  uint8_t *pages = mmap(NULL, 2 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  CHECK(pages != MAP_FAILED && mprotect(pages + PAGE, PAGE, PROT_NONE) == 0);
  return pages;
}

CASE(pointers_that_lead_nowhere) {
  int fd = udp();
  void *bad[] = {(void *)8, (void *)-1, half_page() + PAGE - 1};
  socklen_t len = 16;
  for (int i = 0; i < 3; i++) {
    FAILS(EFAULT, getsockname(fd, bad[i], &len));
    FAILS(EFAULT, getsockopt(fd, SOL_SOCKET, SO_TYPE, bad[i], &len));
    FAILS(EFAULT, sendto(fd, "a", 1, 0, bad[i], AT_LEN));
    FAILS(EFAULT, sendmsg(fd, bad[i], 0));
    FAILS(EFAULT, recvmsg(fd, bad[i], MSG_DONTWAIT));
    FAILS(EFAULT, recvmmsg(fd, bad[i], 1, MSG_DONTWAIT, NULL));
    FAILS(EFAULT, writev(fd, bad[i], 1));
    FAILS(EFAULT, ioctl(fd, FIONREAD, bad[i]));
    FAILS(EFAULT, ioctl(fd, SIOCGIFINDEX, bad[i]));
  }
  CHECK(getsockopt(fd, SOL_SOCKET, SO_TYPE, &(int){0}, &(socklen_t){4}) == 0);
  CHECK(sendto(fd, "hello", 5, 0, at(5000), AT_LEN) == 5);
  CHECK(wait_for(fd, POLLIN, LIMIT_MS) == POLLIN);
}

CASE(pointers_across_two_pages) {
  int fd = udp();
  uint8_t *pages = mmap(NULL, 2 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  struct msghdr *msg = (struct msghdr *)(pages + PAGE - 16);
  struct sockaddr *name = (struct sockaddr *)(pages + PAGE - 4);
  struct iovec iov = {pages, 8};
  for (int i = 0; i < 2; i++) {
    memcpy(name, at(5000), AT_LEN);
    CHECK(sendto(fd, "hello", 5, 0, name, AT_LEN) == 5);
    memset(pages, 0, 2 * PAGE);
    *msg = (struct msghdr){.msg_iov = &iov, .msg_iovlen = 1};
    CHECK(recvmsg(fd, msg, 0) == 5 && memcmp(pages, "hello", 5) == 0);
  }
}
