/* A program with the shim in it, as a loader would put it into a setuid program: is it served? */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/socket.h>

int main(void) {
  int fd = socket(AF_INET, SOCK_STREAM, 0);
  const char *outcome = fd >= 0 ? "served" : strerrorname_np(errno);
  printf("%s: %s\n", getauxval(AT_SECURE) ? "secure" : "plain", outcome);
}
