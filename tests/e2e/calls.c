/*
 * calls CASE ADDRESS PORT: makes calls whose results are the kernel's to decide, and prints them,
 * to be compared between nuse and the kernel.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <linux/sockios.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

static struct sockaddr_in to = {.sin_family = AF_INET};

static void say(const char *what, long result) {
  printf("%s: %ld %s\n", what, result, result < 0 ? strerrorname_np(errno) : "");
}

/* Errors that tell of the call's arguments, not of the socket. */
static void codes(void) {
  static const int kinds[][2] = {{AF_INET, SOCK_STREAM}, {AF_INET, SOCK_DGRAM},
                                 {AF_INET6, SOCK_STREAM}, {AF_INET6, SOCK_DGRAM}};
  static const int levels[] = {IPPROTO_IPV6, IPPROTO_TCP, IPPROTO_UDP, SOL_RAW, 7777};
  for (unsigned i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
    int value = 0, fd = socket(kinds[i][0], kinds[i][1], 0);
    printf("%d %d\n", kinds[i][0], kinds[i][1]);
    for (unsigned k = 0; k < sizeof levels / sizeof levels[0]; k++) {
      socklen_t len = sizeof value;
      say("getsockopt", getsockopt(fd, levels[k], 250, &value, &len));
      say("setsockopt", setsockopt(fd, levels[k], 250, &value, sizeof value));
    }
    say("TCP_CONGESTION", setsockopt(fd, IPPROTO_TCP, TCP_CONGESTION, "nosuch", 6));
    say("SIOCOUTQNSD", ioctl(fd, SIOCOUTQNSD, &value));
    close(fd);
  }
}

int main(int argc, char **argv) {
  if (argc != 4) return 2;
  inet_pton(AF_INET, argv[2], &to.sin_addr);
  to.sin_port = htons((uint16_t)atoi(argv[3]));
  if (strcmp(argv[1], "codes") == 0) codes();
  return 0;
}
