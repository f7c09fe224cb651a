/* fork, vfork, exec, threads, signals: every process and thread keeps its network. */
#include "check.h"

#include <fcntl.h>
#include <grp.h>
#include <linux/seccomp.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <spawn.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

static void reap(pid_t pid) {
  int status = -1;
  CHECK(pid > 0 && waitpid(pid, &status, 0) == pid);
  CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

static void datagram_works(int fd) {
  char buf[8];
  CHECK(sendto(fd, "abc", 3, 0, at(5000), AT_LEN) == 3);
  CHECK(recv(fd, buf, sizeof buf, 0) == 3);
}

CASE(fork_attaches) {
  int fd = udp();
  int stream = connected(PORT_ECHO);
  int hello = requests(fd, NUSE_OP_HELLO), attach = requests(fd, NUSE_OP_ATTACH);
  pid_t pid = fork();
  if (pid == 0) {
    echo_works(stream);
    datagram_works(fd);
    datagram_works(udp());
    CHECK(requests(fd, NUSE_OP_ATTACH) == attach + 1);
    pid_t grandchild = fork();
    if (grandchild == 0) {
      datagram_works(udp());
      _exit(0);
    }
    reap(grandchild);
    _exit(0);
  }
  reap(pid);
  datagram_works(fd);
  CHECK(requests(fd, NUSE_OP_HELLO) == hello && requests(fd, NUSE_OP_ATTACH) == attach + 2);
}

/* What was inherited or accepted, at its first use; one's own not at all. */
CASE(possession_is_shown_once) {
  int fd = udp();
  int before = requests(fd, FAKE_SHOWN);
  int own = tcp(0);
  CHECK(bind(own, at(0), AT_LEN) == 0 && listen(own, 5) == 0);
  CHECK(requests(fd, FAKE_SHOWN) == before);
  fake_set(own, FAKE_INCOMING, 1);
  int accepted = accept(own, NULL, NULL), on = 1;
  CHECK(accepted >= 0 && requests(fd, FAKE_SHOWN) == before);
  CHECK(setsockopt(accepted, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on) == 0);
  CHECK(setsockopt(accepted, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on) == 0);
  CHECK(requests(fd, FAKE_SHOWN) == before + 1);
  CHECK(connect(tcp(0), at(PORT_ECHO), AT_LEN) == 0);
  CHECK(requests(fd, FAKE_SHOWN) == before + 1);
  pid_t pid = fork();
  if (pid == 0) {
    for (int i = 0; i < 2; i++) CHECK(listen(own, 5) == 0);
    CHECK(requests(fd, FAKE_SHOWN) == before + 3); /* fd and own */
    _exit(0);
  }
  reap(pid);
  CHECK(requests(fd, FAKE_SHOWN) == before + 3);
}

CASE(possession_is_shown_with_a_record_end) {
  int fd = udp(), stream = connected(PORT_ECHO), before = requests(fd, FAKE_SHOWN);
  pid_t pid = fork();
  if (pid == 0) {
    errno = 77;
    CHECK(send(stream, "x", 1, MSG_EOR) == 1 && errno == 77);
    CHECK(requests(fd, FAKE_SHOWN) == before + 2 && requests(fd, NUSE_OP_MORE) == 1);
    _exit(0);
  }
  reap(pid);
}

/* What sits at the number by now is not shown to anybody. */
CASE(another_file_is_not_shown) {
  int fd = udp(), own = tcp(0);
  pid_t pid = fork();
  if (pid == 0) {
    int before = requests(fd, FAKE_SHOWN), binds = requests(fd, NUSE_OP_BIND);
    CHECK(past_shim(SYS_dup2, 0, own) == own);
    FAILS(ENOTSOCK, bind(own, at(0), AT_LEN));
    CHECK(requests(fd, FAKE_SHOWN) == before && requests(fd, NUSE_OP_BIND) == binds);
    _exit(0);
  }
  reap(pid);
}

CASE(fork_by_raw_clone) {
  int fd = udp();
  int attach = requests(fd, NUSE_OP_ATTACH);
  pid_t pid = (pid_t)syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0);
  if (pid == 0) {
    datagram_works(udp());
    _exit(0);
  }
  reap(pid);
  CHECK(requests(fd, NUSE_OP_ATTACH) == attach + 1);
}

CASE(fork_child_without_rights) {
  int fd = udp();
  pid_t pid = fork();
  if (pid == 0) {
    if (geteuid() == 0) {
      CHECK(chroot("/proc/self/fd") == 0 && setgroups(0, NULL) == 0);
      CHECK(setgid(65534) == 0 && setuid(65534) == 0);
    }
    datagram_works(udp());
    echo_works(connected(PORT_ECHO));
    _exit(0);
  }
  reap(pid);
  datagram_works(fd);
}

CASE(sandbox_leaves_streams) {
  char c = 0;
  int fd = connected(PORT_ECHO);
  pid_t pid = fork();
  if (pid == 0) {
    bool works = prctl(PR_SET_SECCOMP, SECCOMP_MODE_STRICT) == 0 && write(fd, "x", 1) == 1 &&
                 read(fd, &c, 1) == 1 && c == 'x';
    syscall(SYS_exit, works ? 0 : 1);
  }
  reap(pid);
  echo_works(fd);
}

CASE(fork_child_closes_everything) {
  int fd = udp();
  pid_t pid = fork();
  if (pid == 0) {
    for (int i = 0; i < 1024; i++) {
      if (i != 2) close(i);
    }
    datagram_works(udp());
    closefrom(3);
    datagram_works(udp());
    CHECK(dup2(2, control_fd()) > 0);
    datagram_works(udp());
    _exit(0);
  }
  reap(pid);
  datagram_works(fd);
}

CASE(vfork_child_changes_nothing) {
  volatile int fd = udp();
  volatile int attach = requests(fd, NUSE_OP_ATTACH);
  volatile int hello = requests(fd, NUSE_OP_HELLO);
  int pipes[2];
  CHECK(pipe(pipes) == 0);
  pid_t pid = vfork();
  if (pid == 0) {
    dup2(pipes[1], fd);
    if (write(fd, "child", 5) != 5) _exit(3);
    dup2(fd, 0);
    close(pipes[1]);
    close_range(3, ~0U, 0);
    _exit(0);
  }
  reap(pid);
  char buf[8];
  CHECK(read(pipes[0], buf, sizeof buf) == 5);
  CHECK(fcntl(0, F_GETFD) >= 0);
  datagram_works(fd);
  CHECK(requests(fd, NUSE_OP_ATTACH) == attach && requests(fd, NUSE_OP_HELLO) == hello);
}

static void run_child(const char *kind, int fd) {
  char number[16];
  pid_t pid;
  snprintf(number, sizeof number, "%d", fd);
  char *argv[] = {(char *)own_path, "exec", (char *)kind, number, NULL};
  CHECK(posix_spawn(&pid, own_path, NULL, NULL, argv, environ) == 0);
  reap(pid);
}

CASE(exec_recognises_sockets) {
  int stream = connected(PORT_ECHO);
  int datagram = udp();
  int listener = tcp(0);
  int connecting = tcp(SOCK_NONBLOCK);
  CHECK(connect(datagram, at(5000), AT_LEN) == 0 && listen(listener, 5) == 0);
  fake_set(listener, FAKE_INCOMING, 1);
  run_child("stream", stream);
  run_child("datagram", datagram);
  run_child("listener", listener);
  FAILS(EINPROGRESS, connect(connecting, at(PORT_ECHO), AT_LEN));
  CHECK(fcntl(connecting, F_SETFL, 0) == 0);
  run_child("connecting", connecting);
  FAILS(EINPROGRESS, (connecting = tcp(SOCK_NONBLOCK), connect(connecting, at(PORT_ECHO), AT_LEN)));
  CHECK(fcntl(connecting, F_SETFL, 0) == 0 && wait_for(connecting, POLLOUT, LIMIT_MS) == POLLOUT);
  run_child("connecting", connecting);
  echo_works(stream);
}

CASE(exec_control_is_closed) {
  datagram_works(udp());
  CHECK((past_shim(SYS_fcntl, control_fd(), F_GETFD) & FD_CLOEXEC) != 0);
  CHECK(system("env -i /bin/sh -c 'test $(ls /proc/$$/fd | sort -n | tail -1) -lt 500'") == 0);
}

/* Executes itself in MODE with `fd`, as nobody, with `environment`. */
static void run_as_nobody(const char *mode, int fd, char *environment[]) {
  pid_t pid = fork();
  if (pid == 0) {
    char number[16];
    snprintf(number, sizeof number, "%d", fd);
    CHECK(geteuid() != 0 || (setgroups(0, NULL) == 0 && setuid(65534) == 0));
    execle(own_path, own_path, "exec", mode, number, NULL, environment);
    _exit(9);
  }
  reap(pid);
}

CASE(exec_as_another_user) {
  char preload[4096];
  char *bare[] = {preload, NULL};
  int fd = udp(), stream = connected(PORT_ECHO);
  snprintf(preload, sizeof preload, "LD_PRELOAD=%s", getenv("LD_PRELOAD"));
  CHECK(connect(fd, at(5000), AT_LEN) == 0);
  run_as_nobody("datagram", fd, environ);
  run_as_nobody("datagram", fd, bare);
  run_as_nobody("stream", stream, bare);
  run_as_nobody("twice", fd, bare);
  datagram_works(fd);
}

/* The root directory and the user of a process that had no socket before. */
CASE(another_root_before_the_first_socket) {
  if (geteuid() == 0) {
    CHECK(chroot("/proc/self/fd") == 0 && setgroups(0, NULL) == 0);
    CHECK(setgid(65534) == 0 && setuid(65534) == 0);
  }
  datagram_works(udp());
  echo_works(connected(PORT_ECHO));
}

CASE(images_are_reported) {
  int fd = udp();
  int before = requests(fd, NUSE_OP_IMAGE);
  char *none[] = {NULL};
  pid_t pid;
  CHECK(system("/bin/true") == 0 && system("/bin/true; /bin/true") == 0);
  CHECK(posix_spawnp(&pid, "true", NULL, NULL, (char *[]){"true", NULL}, environ) == 0);
  reap(pid);
  pid = vfork();
  if (pid == 0) {
    execve("/bin/true", (char *[]){"true", NULL}, none);
    _exit(9);
  }
  reap(pid);
  pid = fork();
  if (pid == 0) {
    execlp("true", "true", NULL);
    _exit(9);
  }
  reap(pid);
  CHECK(requests(fd, NUSE_OP_IMAGE) == before + 6);
}

CASE(packet_sockets_are_refused) {
  int fd = udp();
  FAILS(EAFNOSUPPORT, socket(AF_PACKET, SOCK_RAW, 0));
  CHECK(requests(fd, NUSE_OP_PACKET_SOCKET) == 1);
}

CASE(exec_of_shell) {
  FILE *pipe_file = popen("echo from shell", "r");
  char line[32];
  CHECK(pipe_file != NULL && fgets(line, sizeof line, pipe_file) != NULL);
  CHECK(strcmp(line, "from shell\n") == 0 && pclose(pipe_file) == 0);
}

static atomic_bool stop;

static void *hammer(void *argument) {
  (void)argument;
  while (!atomic_load(&stop)) {
    int fd = udp();
    datagram_works(fd);
    close(fd);
  }
  return NULL;
}

CASE(fork_while_threads_hold_the_lock) {
  pthread_t threads[3];
  for (int i = 0; i < 3; i++) CHECK(pthread_create(&threads[i], NULL, hammer, NULL) == 0);
  for (int i = 0; i < 40; i++) {
    pid_t pid = fork();
    if (pid == 0) {
      datagram_works(udp());
      _exit(0);
    }
    reap(pid);
  }
  atomic_store(&stop, true);
  for (int i = 0; i < 3; i++) CHECK(pthread_join(threads[i], NULL) == 0);
}

static int signal_fd;

static void on_timer(int signo) {
  (void)signo;
  char buf[8];
  int saved = errno;
  int fd = socket(AF_INET, SOCK_DGRAM, 0);
  if (fd < 0 || close(fd) != 0) _exit(4);
  if (sendto(signal_fd, "sig", 3, 0, at(5001), AT_LEN) != 3) _exit(5);
  if (recv(signal_fd, buf, sizeof buf, 0) != 3) _exit(6);
  signal_count++;
  errno = saved;
}

CASE(signal_handlers_use_the_network) {
  struct sigaction action;
  memset(&action, 0, sizeof action);
  action.sa_handler = on_timer;
  action.sa_flags = SA_RESTART;
  signal_fd = udp();
  int fd = udp();
  CHECK(sigaction(SIGALRM, &action, NULL) == 0);
  struct itimerval tick = {{0, 2000}, {0, 2000}};
  CHECK(setitimer(ITIMER_REAL, &tick, NULL) == 0);
  for (int i = 0; signal_count < 30 && i < 100000; i++) {
    struct sockaddr_in to;
    memcpy(&to, at(5000), sizeof to);
    char buf[8];
    CHECK(sendto(fd, "abc", 3, 0, (struct sockaddr *)&to, sizeof to) == 3);
    CHECK(recv(fd, buf, sizeof buf, 0) == 3);
    CHECK(setsockopt(fd, SOL_SOCKET, SO_PRIORITY, &i, sizeof i) == 0);
  }
  struct itimerval never = {{0, 0}, {0, 0}};
  CHECK(setitimer(ITIMER_REAL, &never, NULL) == 0 && signal_count >= 30);
}

CASE(death_signal) {
  int signo = -1;
  CHECK(prctl(PR_GET_PDEATHSIG, &signo) == 0);
  CHECK(getenv("NUSE_PDEATHSIG") == NULL);
  printf("pdeathsig %d\n", signo);
}
