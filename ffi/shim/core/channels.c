/*
 * The connections of this process to the service: one for requests that are answered at once, made
 * when the library is loaded, and one for each thread that waits in connect() or close(). Kept at
 * high numbers out of the program's way, checked by SO_COOKIE before each use: a program may have
 * closed or replaced them by a raw system call, and another file's descriptor must never see our
 * messages.
 *
 * A forked child inherits its parent's connections but not its right to them: it sends one end of a
 * fresh pair over the first (ATTACH: one message, atomic whoever else is writing), talks over the
 * other, and closes the rest. So children that dropped privileges or changed root keep their
 * network. By path only when nothing was inherited. The connections of the threads that wait are
 * made by ATTACH too.
 *
 * An exec closes them, unless the new image could not make one by path: as another user, in another
 * root, without the environment. Then the one for requests is left open; the new image knows it by
 * its mark, whatever has become of the environment, and treats it as a forked child does.
 *
 * A vfork child shares its parent's table of connections, and speaks over them; but it has
 * descriptors of its own: what it makes, its parent finds missing, by the cookie, and makes anew.
 */
#include "control.h"

#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include "fd_table.h"
#include "real.h"
#include "rules.h"

#define CHANNEL_FD_MIN 500
#define SEARCHED 16 /* numbers from each of LOWEST on, for a connection that was left open */
#define REPLY_TIMEOUT_SECONDS 30
#define CHANNELS (1 + WAITERS)

/* The first is for requests. Those of the parent until this process has made one of its own
 * (process_page.owns_channels). */
static struct control_channel channels[CHANNELS];
/* The first is one that was left open for this image, or made of it. */
static bool is_left_over;
/* The first has not said HELLO. */
static bool owes_hello = true;
/* As whom this process has made one by path. */
static uid_t path_user = (uid_t)-1;
static _Atomic uint64_t token;
/* Under the lock: why the last connection that could not be made was not. */
static long failure = -ENETDOWN;

long channel_failure(void) { return failure; }

bool is_for_want(long result) {
  return result == -EMFILE || result == -ENFILE || result == -ENOBUFS || result == -ENOMEM;
}

static void note_failure(long result) { failure = is_for_want(result) ? result : -ENETDOWN; }

uint64_t channel_token(void) { return atomic_load_explicit(&token, memory_order_relaxed); }

uint64_t channel_cookie(void) { return channels[0].cookie; }

static bool is_valid(const struct control_channel *channel) {
  uint64_t found = 0;
  socklen_t len = sizeof found;
  return channel->fd_plus1 > 0 &&
         real()->getsockopt(channel->fd_plus1 - 1, SOL_SOCKET, SO_COOKIE, &found, &len) == 0 &&
         found == channel->cookie;
}

/* Where the program does not look; the others are for those with few descriptors. */
static const int LOWEST[] = {CHANNEL_FD_MIN, 200, 64};
#define LOWEST_COUNT (sizeof LOWEST / sizeof LOWEST[0])

/* Moves `fd` up there. */
static int move_high(int fd) {
  for (unsigned i = 0; i < LOWEST_COUNT; i++) {
    int high = real()->fcntl64(fd, F_DUPFD_CLOEXEC, LOWEST[i]);
    if (high >= 0) {
      real()->close(fd);
      return high;
    }
  }
  return fd;
}

static void adopt(struct control_channel *channel, int fd) {
  socklen_t len = sizeof channel->cookie;
  int mark = NUSE_CONTROL_MARK;
  real()->setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &mark, sizeof mark);
  fd = move_high(fd);
  real()->getsockopt(fd, SOL_SOCKET, SO_COOKIE, &channel->cookie, &len);
  channel->fd_plus1 = fd + 1;
  table_set_kind(fd, KIND_CONTROL);
}

void channel_drop(struct control_channel *channel) {
  if (is_valid(channel)) {
    table_forget(channel->fd_plus1 - 1);
    real()->close(channel->fd_plus1 - 1);
  }
  channel->fd_plus1 = 0;
}

/* A connection of its own for `channel`, by way of `by`, of another process or of this one. */
static bool attach(struct control_channel *channel, const struct control_channel *by,
                   bool is_thread) {
  struct control_request request = {
      .op = NUSE_OP_ATTACH, .a = process_page()->pid, .b = is_thread ? 1 : 0};
  int pair[2];
  if (real()->socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) != 0) {
    note_failure(-errno);
    return false;
  }
  request.passed[request.passed_count++] = pair[1];
  long result = message_send(by->fd_plus1 - 1, &request);
  real()->close(pair[1]);
  if (result < 0) {
    note_failure(result);
    real()->close(pair[0]);
    return false;
  }
  adopt(channel, pair[0]);
  return true;
}

/* A setuid program's environment is the caller's: only root's service may be believed. */
static bool is_trusted(int fd) {
  struct ucred peer = {0};
  socklen_t len = sizeof peer;
  if (!shim_is_secure()) return true;
  return real()->getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &len) == 0 && peer.uid == 0;
}

static int connect_by_path(void) {
  struct sockaddr_un name = {.sun_family = AF_UNIX};
  const char *path = shim_path();
  size_t path_len = strlen(path);
  note_failure(-ENETDOWN);
  if (path_len == 0) return -1;
  memcpy(name.sun_path, path, path_len);
  if (name.sun_path[0] == '@') name.sun_path[0] = '\0';
  socklen_t name_len = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + path_len);
  int fd = real()->socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
  if (fd < 0) {
    note_failure(-errno);
    return -1;
  }
  if (real()->connect(fd, (struct sockaddr *)&name, name_len) == 0 && is_trusted(fd)) return fd;
  real()->close(fd);
  return -1;
}

/* A service that has no room answers before it is asked, and closes the connection; with HELLO
 * unread, that shows as an error first. */
static long greeting_receive(int fd, struct control_reply *reply) {
  long result = message_receive(fd, reply);
  if (result == -ENETDOWN) result = message_receive(fd, reply);
  return result == 0 ? reply->result : result;
}

/* HELLO, which also brings the token and the rules. What was left open for this image may lead to
 * another nuse, under which this one runs: false. */
static bool greet(struct control_channel *channel) {
  struct control_request hello = {.op = NUSE_OP_HELLO, .a = process_page()->pid};
  uint8_t rules[NUSE_RULE_MAX * NUSE_RULE_LEN];
  struct control_reply reply = {.data = rules, .data_cap = sizeof rules};
  int fd = channel->fd_plus1 - 1;
  message_send(fd, &hello); /* not sent: the answer, if there is one, says why */
  long result = greeting_receive(fd, &reply);
  bool is_ours = !is_left_over || shim_service_pid() == 0 || reply.a == shim_service_pid();
  if (result == 0 && is_ours) {
    atomic_store_explicit(&token, (uint64_t)(uint32_t)reply.c << 32 | (uint32_t)reply.b,
                          memory_order_relaxed);
    if (reply.data_len <= sizeof rules) rules_keep(rules, reply.data_len);
    owes_hello = false;
    return true;
  }
  note_failure(result);
  channel_drop(channel);
  return false;
}

static bool make_by_path(struct control_channel *channel) {
  int fd = connect_by_path();
  if (fd < 0) return false;
  adopt(channel, fd);
  path_user = geteuid();
  owes_hello = true;
  return true;
}

/* This process's first connection. Those of the parent are of no more use after. */
static bool inherit(struct process_page *p) {
  struct control_channel parents[CHANNELS];
  memcpy(parents, channels, sizeof parents);
  memset(channels, 0, sizeof channels);
  p->owns_channels = true;
  bool made = is_valid(&parents[0]) && attach(&channels[0], &parents[0], false);
  for (int i = 0; i < CHANNELS; i++) channel_drop(&parents[i]);
  return made;
}

/* With signals blocked a service that does not answer must not hold the program for ever. */
static void limit_patience(const struct control_channel *channel) {
  struct timeval patience = {REPLY_TIMEOUT_SECONDS, 0};
  int fd = channel->fd_plus1 - 1;
  real()->setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  real()->setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
}

static bool make(struct process_page *p) {
  if (p->owns_channels || !inherit(p)) {
    channels[0].fd_plus1 = 0;
    if (!make_by_path(&channels[0])) return false;
  }
  limit_patience(&channels[0]);
  return true;
}

struct control_channel *channel_for_requests(struct process_page *p) {
  for (int attempt = 0; attempt < 2; attempt++) {
    if (!channel_is_usable(p, &channels[0]) && !make(p)) return NULL;
    /* What a parent has been told is good for its children. */
    if (!owes_hello || greet(&channels[0])) return &channels[0];
    if (!is_left_over) return NULL;
    is_left_over = false;
  }
  return NULL;
}

/* Was this descriptor left open for us, as a control connection? */
static bool is_marked(int fd) {
  int mark = 0, type = 0;
  socklen_t mark_len = sizeof mark, type_len = sizeof type;
  return real()->getsockopt(fd, SOL_SOCKET, SO_RCVBUF, &mark, &mark_len) == 0 &&
         mark == 2 * NUSE_CONTROL_MARK &&
         real()->getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &type_len) == 0 &&
         type == SOCK_SEQPACKET && is_trusted(fd);
}

static bool find_left_over(void) {
  struct pollfd numbers[LOWEST_COUNT * SEARCHED];
  for (unsigned i = 0; i < LOWEST_COUNT * SEARCHED; i++) {
    numbers[i] = (struct pollfd){.fd = LOWEST[i / SEARCHED] + (int)(i % SEARCHED)};
  }
  /* One call says which are open; most often none is. It fails where there may be fewer. */
  bool is_told = real()->poll(numbers, LOWEST_COUNT * SEARCHED, 0) >= 0;
  for (unsigned i = 0; i < LOWEST_COUNT * SEARCHED; i++) {
    int fd = numbers[i].fd;
    socklen_t len = sizeof channels[0].cookie;
    if ((is_told && (numbers[i].revents & POLLNVAL)) || !is_marked(fd)) continue;
    real()->getsockopt(fd, SOL_SOCKET, SO_COOKIE, &channels[0].cookie, &len);
    channels[0].fd_plus1 = fd + 1;
    table_set_kind(fd, KIND_CONTROL);
    return true;
  }
  return false;
}

void channel_begin(struct process_page *p) {
  is_left_over = find_left_over();
  if (is_left_over) shim_enable();
  else if (shim_path()[0] != '\0') make(p);
}

void channel_tell(const struct control_request *request) {
  if (is_valid(&channels[0])) message_send(channels[0].fd_plus1 - 1, request);
}

/* Can an image with `path` for its $NUSE_SOCK make one? Rights that this process still has may be
 * gone after the exec: so it must be who it was when it could. */
static bool is_reachable(const char *path) {
  return path != NULL && strcmp(path, shim_path()) == 0 && path_user == geteuid() &&
         faccessat(AT_FDCWD, path, W_OK, AT_EACCESS) == 0;
}

void channel_pass_on(bool has_shim, const char *path) {
  if (!is_valid(&channels[0])) return;
  bool is_needed = has_shim && !is_reachable(path);
  real()->fcntl64(channels[0].fd_plus1 - 1, F_SETFD, is_needed ? 0 : FD_CLOEXEC);
}

bool channel_is_usable(const struct process_page *p, const struct control_channel *channel) {
  return p->owns_channels && is_valid(channel);
}

bool channel_is_hung_up(void) {
  struct pollfd first = {.fd = channels[0].fd_plus1 - 1};
  if (first.fd < 0 || real()->poll(&first, 1, 0) != 1) return false;
  return (first.revents & POLLHUP) != 0 && is_valid(&channels[0]);
}

bool channel_for_waiting(struct process_page *p, struct control_channel *channel) {
  if (channel_is_usable(p, channel)) return true;
  const struct control_channel *by = channel_for_requests(p);
  return by != NULL && attach(channel, by, true);
}

struct control_channel *channel_of_waiter(int index) { return &channels[1 + index]; }

bool control_holds(int fd) {
  int saved = errno;
  bool held = false;
  for (int i = 0; i < CHANNELS && !held; i++) {
    held = channels[i].fd_plus1 == fd + 1 && is_valid(&channels[i]);
  }
  errno = saved;
  return held;
}

long control_next(unsigned first, unsigned last) {
  long lowest = -1;
  for (int i = 0; i < CHANNELS; i++) {
    int fd = channels[i].fd_plus1 - 1;
    if (fd < 0 || (unsigned)fd < first || (unsigned)fd > last || !control_holds(fd)) continue;
    if (lowest < 0 || fd < lowest) lowest = fd;
  }
  return lowest;
}

void channel_vacate(int fd) {
  for (int i = 0; i < CHANNELS; i++) {
    if (channels[i].fd_plus1 != fd + 1) continue;
    int lowest = fd >= CHANNEL_FD_MIN ? fd + 1 : CHANNEL_FD_MIN;
    int moved = real()->fcntl64(fd, F_DUPFD_CLOEXEC, lowest);
    if (moved < 0) moved = real()->fcntl64(fd, F_DUPFD_CLOEXEC, 3);
    channels[i].fd_plus1 = moved + 1;
    if (moved >= 0) table_set_kind(moved, KIND_CONTROL);
    table_forget(fd);
  }
}
