/*
 * What urgent.c's two ends have in common, and the server: it does on one connection what it is
 * told on a second one, and answers there when it has.
 */
#ifndef URGENT_SERVER_H
#define URGENT_SERVER_H

#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <unistd.h>

#define ALL (POLLIN | POLLPRI | POLLOUT | POLLERR | POLLHUP | POLLRDHUP)
#define LIMIT_MS 5000
#define LARGE 60000

static struct sockaddr_in at = {.sin_family = AF_INET};

static const char *errno_name(long result) { return result < 0 ? strerrorname_np(errno) : ""; }

/* ---- what a socket shows ---- */

static char *state_of(int s) {
  static char text[200];
  fd_set in, out, except;
  struct pollfd p = {.fd = s, .events = ALL};
  struct timeval now = {0};
  int waiting = -1, mark = -1;
  FD_ZERO(&in);
  FD_ZERO(&out);
  FD_ZERO(&except);
  FD_SET(s, &in);
  FD_SET(s, &out);
  FD_SET(s, &except);
  poll(&p, 1, 0);
  int selected = select(s + 1, &in, &out, &except, &now);
  ioctl(s, FIONREAD, &waiting);
  ioctl(s, SIOCATMARK, &mark);
  snprintf(text, sizeof text, "poll %#x select %d %d%d mark %d %d waiting %d", p.revents, selected,
           FD_ISSET(s, &in) != 0, FD_ISSET(s, &except) != 0, mark, sockatmark(s), waiting);
  return text;
}

static char *read_from(int s, int flags) {
  static char text[200];
  static char bytes[2 * LARGE];
  long n = recv(s, bytes, sizeof bytes - 1, flags | MSG_DONTWAIT);
  const char *why = errno_name(n);
  bytes[n > 0 ? n : 0] = '\0';
  snprintf(text, sizeof text, "%ld %s%.20s", n, why, bytes);
  return text;
}

static int wait_for(int s, int bits) {
  struct pollfd p = {.fd = s, .events = (short)bits};
  poll(&p, 1, LIMIT_MS);
  return p.revents;
}

/* ---- the server ---- */

/* One command, a line without its end. */
static bool next_command(int from, char *line, size_t room) {
  size_t len = 0;
  while (len + 1 < room && read(from, line + len, 1) == 1) {
    if (line[len] == '\n') {
      line[len] = '\0';
      return true;
    }
    len++;
  }
  return false;
}

static void carry_out(int s, const char *line, char *answer, size_t room) {
  static char block[LARGE];
  memset(block, 'x', sizeof block);
  snprintf(answer, room, "ok");
  switch (line[0]) {
    case 's': /* sends */
      send(s, line + 1, strlen(line + 1), 0);
      break;
    case 'u': /* sends, the last byte is urgent */
      send(s, line + 1, strlen(line + 1), MSG_OOB);
      break;
    case 'U': /* the same of many */
      send(s, block, sizeof block, MSG_OOB);
      break;
    case 'w': /* shuts its sending side */
      shutdown(s, SHUT_WR);
      break;
    case 'l': /* looks */
      wait_for(s, POLLPRI);
      snprintf(answer, room, "%s", state_of(s));
      break;
    case 'r': /* reads */
      snprintf(answer, room, "%s", read_from(s, 0));
      break;
    case 'R': /* reads so many bytes */
      for (long left = atol(line + 1), n; left > 0; left -= n) {
        wait_for(s, POLLIN);
        if ((n = strtol(read_from(s, 0), NULL, 10)) <= 0) break;
      }
      snprintf(answer, room, "%s", state_of(s));
      break;
    case 'o': /* reads the urgent byte */
      snprintf(answer, room, "%s", read_from(s, MSG_OOB));
      break;
    case 'i': /* wants it in line */
      setsockopt(s, SOL_SOCKET, SO_OOBINLINE, &(int){1}, sizeof(int));
      break;
  }
}

/* One client after the other, up to one that says "q". */
static int serve(void) {
  int listener = socket(AF_INET, SOCK_STREAM, 0);
  setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &(int){1}, sizeof(int));
  if (bind(listener, (struct sockaddr *)&at, sizeof at) < 0 || listen(listener, 5) < 0) return 1;
  char line[100] = "", answer[300];
  while (line[0] != 'q') {
    int s = accept(listener, NULL, NULL), commands = accept(listener, NULL, NULL);
    while (next_command(commands, line, sizeof line) && line[0] != 'q') {
      carry_out(s, line, answer, sizeof answer - 1);
      strcat(answer, "\n");
      send(commands, answer, strlen(answer), 0);
    }
    close(s);
    close(commands);
  }
  return 0;
}

#endif
