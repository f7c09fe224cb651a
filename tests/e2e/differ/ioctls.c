/* Urgent data, ioctls, files, and AF_UNIX beside. */
#include "differ.h"

#include <net/if.h>
#include <sys/sendfile.h>
#include <sys/un.h>

CASE(urgent, read_past) {
  int fds[2], mark = -1;
  pair_of(fds);
  SHOW(send(fds[0], "ab!", 3, MSG_OOB));
  SHOW(send(fds[0], "cd", 2, 0));
  await_bytes(fds[1], 4);
  show_recv(fds[1], 0);
  SHOW(ioctl(fds[1], SIOCATMARK, &mark));
  SHOW(mark);
  show_recv(fds[1], 0);
  SHOW(recv(fds[1], &(char){0}, 1, MSG_OOB | MSG_DONTWAIT));
}

CASE(urgent, there_is_none) {
  int fds[2];
  pair_of(fds);
  SHOW(recv(fds[1], &(char){0}, 1, MSG_OOB));
  SHOW(recv(tcp(), &(char){0}, 1, MSG_OOB));
  SHOW(recv(listening(), &(char){0}, 1, MSG_OOB));
}

CASE(urgent, in_line) {
  int fds[2];
  pair_of(fds);
  SHOW(set_int(fds[1], SOL_SOCKET, SO_OOBINLINE, 1));
  SHOW(send(fds[0], "!", 1, MSG_OOB));
  show_poll(fds[1], POLLIN);
  SHOW(recv(fds[1], &(char){0}, 1, MSG_OOB));
  show_recv(fds[1], 0);
}

CASE(ioctls, of_interfaces) {
  struct ifreq request = {.ifr_name = "lo"};
  int fds[] = {tcp(), udp()};
  unsigned long names[] = {SIOCGIFFLAGS, SIOCGIFADDR, SIOCGIFNETMASK, SIOCGIFMTU, SIOCGIFMETRIC};
  for (int i = 0; i < 2; i++) {
    for (int j = 0; j < 5; j++) {
      SHOW(ioctl(fds[i], names[j], &request));
      if (j == 1 || j == 2) {
        puts(inet_ntoa(((struct sockaddr_in *)&request.ifr_addr)->sin_addr));
      }
    }
    SHOW(ioctl(fds[i], SIOCGIFINDEX, &request));
    SHOW(ioctl(fds[i], SIOCGIFHWADDR, &request));
    SHOW(ioctl(fds[i], SIOCGIFNAME, &(struct ifreq){.ifr_ifindex = 999}));
    SHOW(ioctl(fds[i], SIOCGIFFLAGS, &(struct ifreq){.ifr_name = "none9"}));
    SHOW(ioctl(fds[i], SIOCGIFFLAGS, NULL));
  }
}

CASE(ioctls, list_of_interfaces) {
  struct ifreq found[8];
  struct ifconf list = {.ifc_len = sizeof found, .ifc_req = found};
  SHOW(ioctl(udp(), SIOCGIFCONF, &list));
  SHOW(list.ifc_len % sizeof(struct ifreq));
  bool has_self = false, has_loopback = false;
  for (size_t i = 0; i < list.ifc_len / sizeof *found; i++) {
    const char *ip = inet_ntoa(((struct sockaddr_in *)&found[i].ifr_addr)->sin_addr);
    has_self |= strcmp(ip, SELF) == 0;
    has_loopback |= strcmp(ip, LO) == 0;
  }
  SHOW(has_self);
  SHOW(has_loopback);
  list = (struct ifconf){.ifc_len = 0};
  SHOW(ioctl(udp(), SIOCGIFCONF, &list));
  SHOW(list.ifc_len >= (int)sizeof(struct ifreq));
  list = (struct ifconf){.ifc_len = 10, .ifc_req = found};
  SHOW(ioctl(tcp(), SIOCGIFCONF, &list));
  SHOW(list.ifc_len);
  SHOW(ioctl(tcp(), SIOCGIFCONF, NULL));
}

CASE(ioctls, fionbio) {
  int on = 1, off = 0, fd = tcp(), other = udp();
  SHOW(ioctl(fd, FIONBIO, &on));
  SHOW(fcntl(fd, F_GETFL));
  SHOW(ioctl(fd, FIONBIO, &off));
  SHOW(fcntl(fd, F_GETFL));
  SHOW(ioctl(fd, FIONBIO, NULL));
  SHOW(ioctl(other, FIONBIO, &on));
  SHOW(recv(other, &(char){0}, 1, 0));
  SHOW(ioctl(other, FIOCLEX, NULL));
  SHOW(fcntl(other, F_GETFD));
}

CASE(ioctls, strange) {
  int fds[] = {tcp(), udp()}, value = 0;
  for (int i = 0; i < 2; i++) {
    SHOW(ioctl(fds[i], 0x5401 /* TCGETS */, &value));
    SHOW(ioctl(fds[i], 0x12345678, &value));
    SHOW(ioctl(fds[i], 0x89ff, &value));
    SHOW(ioctl(fds[i], FIONREAD, NULL));
    SHOW(ioctl(fds[i], SIOCATMARK, &value));
    SHOW(ioctl(fds[i], SIOCOUTQ, &value));
  }
}

CASE(ioctls, time_stamp) {
  int fds[2];
  struct timeval stamp;
  udp_pair(fds);
  SHOW(ioctl(fds[1], SIOCGSTAMP, &stamp));
  send(fds[0], "x", 1, 0);
  show_recv(fds[1], 0);
  SHOW(ioctl(fds[1], SIOCGSTAMP, &stamp));
}

static int file_with(const char *text) {
  char path[] = "/tmp/differ-XXXXXX";
  int fd = mkstemp(path);
  unlink(path);
  SHOW(write(fd, text, strlen(text)));
  lseek(fd, 0, SEEK_SET);
  return fd;
}

CASE(files, sendfile) {
  int fds[2], file = file_with("from a file");
  off_t off = 5;
  pair_of(fds);
  SHOW(sendfile(fds[0], file, NULL, 4));
  SHOW(sendfile(fds[0], file, &off, 100));
  SHOW(off);
  await_bytes(fds[1], 10);
  show_recv(fds[1], 0);
  SHOW(sendfile(tcp(), file, NULL, 4));
  SHOW(sendfile(fds[0], fds[1], NULL, 4));
  SHOW(sendfile(fds[0], file, &(off_t){0}, 0));
}

CASE(files, sendfile_of_a_datagram) {
  int fds[2], file = file_with("from a file");
  udp_pair(fds);
  SHOW(sendfile(fds[0], file, NULL, 11));
  show_recv(fds[1], 0);
}

CASE(files, splice) {
  int fds[2], pipes[2];
  pair_of(fds);
  pipe(pipes);
  SHOW(write(pipes[1], "spliced", 7));
  SHOW(splice(pipes[0], NULL, fds[0], NULL, 7, 0));
  await_bytes(fds[1], 7);
  SHOW(splice(fds[1], NULL, pipes[1], NULL, 100, 0));
  char text[16] = "";
  SHOW(read(pipes[0], text, 15));
  puts(text);
  nonblocking(fds[1]);
  SHOW(splice(fds[1], NULL, pipes[1], NULL, 100, SPLICE_F_NONBLOCK));
  SHOW(tee(fds[1], pipes[1], 10, SPLICE_F_NONBLOCK));
}

CASE(files, splice_at_the_end) {
  int fds[2], pipes[2];
  pair_of(fds);
  pipe(pipes);
  shutdown(fds[0], SHUT_WR);
  await(fds[1], POLLRDHUP);
  SHOW(splice(fds[1], NULL, pipes[1], NULL, 100, 0));
}

CASE(files, streams_of_stdio) {
  int fds[2];
  char text[32] = "";
  pair_of(fds);
  FILE *out = fdopen(dup(fds[0]), "w"), *in = fdopen(fds[1], "r");
  SHOW(fprintf(out, "a line\nanother\n"));
  SHOW(fclose(out));
  SHOW(fgets(text, sizeof text, in) != NULL);
  fputs(text, stdout);
  SHOW(fgets(text, sizeof text, in) != NULL);
  fputs(text, stdout);
  close(fds[0]);
  SHOW(fgets(text, sizeof text, in) != NULL);
  SHOW(feof(in) != 0);
}

CASE(unix, stream) {
  int fds[2];
  SHOW(socketpair(AF_UNIX, SOCK_STREAM, 0, fds));
  SHOW(send(fds[0], "unix", 4, 0));
  show_recv(fds[1], 0);
  SHOW(shutdown(fds[0], SHUT_WR));
  show_recv(fds[1], 0);
  SHOW(get_int(fds[0], SOL_SOCKET, SO_TYPE));
  SHOW(get_int(fds[0], SOL_SOCKET, SO_DOMAIN));
  SHOW(set_int(fds[0], IPPROTO_TCP, TCP_NODELAY, 1));
  SHOW(set_int(fds[0], SOL_SOCKET, SO_PASSCRED, 1));
  show_poll(fds[0], 0);
  show_poll(fds[1], 0);
}

CASE(unix, named_server) {
  struct sockaddr_un name = {.sun_family = AF_UNIX};
  snprintf(name.sun_path, sizeof name.sun_path, "/tmp/differ-%d", getpid());
  int listener = socket(AF_UNIX, SOCK_STREAM, 0), fd = socket(AF_UNIX, SOCK_STREAM, 0);
  SHOW(bind(listener, (struct sockaddr *)&name, sizeof name));
  SHOW(listen(listener, 3));
  SHOW(connect(fd, (struct sockaddr *)&name, sizeof name));
  int other = accept4(listener, NULL, NULL, SOCK_NONBLOCK);
  SHOW(fcntl(other, F_GETFL));
  SHOW(send(fd, "named", 5, 0));
  show_recv(other, 0);
  struct ucred who;
  socklen_t len = sizeof who;
  SHOW(getsockopt(other, SOL_SOCKET, SO_PEERCRED, &who, &len));
  SHOW(who.pid == getpid());
  unlink(name.sun_path);
}

CASE(unix, credentials_of_a_stream) {
  int fds[2];
  struct ucred who = {0};
  socklen_t len = sizeof who;
  pair_of(fds);
  SHOW(getsockopt(fds[0], SOL_SOCKET, SO_PEERCRED, &who, &len));
  printf("%d %d %d\n", who.pid, (int)who.uid, (int)who.gid);
}

CASE(unix, datagrams) {
  int fds[2];
  SHOW(socketpair(AF_UNIX, SOCK_DGRAM, 0, fds));
  SHOW(send(fds[0], "unix", 4, 0));
  show_recv(fds[1], MSG_PEEK);
  show_recv(fds[1], 0);
  SHOW(send_to(fds[0], "x", LO, 9));
}
