/*
 * The control channel: requests to the service and their replies.
 *
 *   control.c   a request and its reply, under the lock; a request that waits; one about a socket
 *   channels.c  the connections that the messages go over
 *   messages.c  the messages
 */
#ifndef NUSE_CONTROL_H
#define NUSE_CONTROL_H

#include "process.h"
#include "shim.h"

#define PASSED_MAX 2

struct fd_entry;

struct control_request {
  int op;
  uint64_t cookie;
  int a, b, c;
  const void *data;
  size_t data_len;
  /* The socket that it is about: its entry, and a descriptor of it. The service wants to see that
   * once on each connection: a cookie is a name, and no right (control.c). */
  struct fd_entry *entry;
  int fd;
  int passed[PASSED_MAX]; /* descriptors that go along */
  int passed_count;
};

struct control_reply {
  int result;
  uint32_t state;
  uint64_t cookie;
  int a, b, c;
  void *data;        /* where data shall go: our own memory */
  size_t data_cap;   /* room there */
  size_t data_len;   /* what the service sent; more than data_cap: cut */
  int fd;            /* -1 none */
  bool cloexec;      /* in: wanted on fd */
  bool interrupted;  /* control_wait: cut short by a signal's handler */
  const uint8_t *names; /* of an accepted stream: own and peer's (fd_table.h); NULL: not known */
  uint64_t shown;    /* of a socket just made or found: channel_cookie() (fd_table.h) */
};

/* One message. 0 or -errno; -EBADF: it is a descriptor to be passed that is none. */
long message_send(int fd, const struct control_request *request);
/* 0, -EINTR, -EMFILE (the descriptor is lost), or -ENETDOWN. */
long message_receive(int fd, struct control_reply *reply);

struct control_channel {
  int fd_plus1; /* 0: none */
  uint64_t cookie;
};

/* Under the lock; NULL when there is none to be had (channel_failure). */
struct control_channel *channel_for_requests(struct process_page *p);
/* Is it what socket() gives for want of room, here or in the service? */
bool is_for_want(long result);
/* Under the lock: why the last one could not be made: for want, or else -ENETDOWN. */
long channel_failure(void);
bool channel_is_usable(const struct process_page *p, const struct control_channel *channel);
/* Under the lock: makes `channel` unless it is usable. */
bool channel_for_waiting(struct process_page *p, struct control_channel *channel);
struct control_channel *channel_of_waiter(int index);
void channel_drop(struct control_channel *channel);
/* What names the connection for requests. */
uint64_t channel_cookie(void);
/* What marks datagram headers as ours; 0 before the first connection. */
uint64_t channel_token(void);
/* Has the service closed the connection for requests, ours or our parent's? */
bool channel_is_hung_up(void);
void channel_vacate(int fd);
/* Under the lock, when the library is loaded: makes or finds the connection for requests. */
void channel_begin(struct process_page *p);
/* One message over the connection for requests, the parent's if need be; nobody answers. */
void channel_tell(const struct control_request *request);
/* See control_pass_on. */
void channel_pass_on(bool has_shim, const char *path);

/* One request and its reply. Returns the reply's result; without a service, channel_failure().
 * `reply` may be zero-initialised. Async-signal-safe, as the two that follow. */
long control_call(const struct control_request *request, struct control_reply *reply);
/* A request without a reply. 0 or -errno. */
long control_post(const struct control_request *request);
/* A request that is answered when something has happened, in `limit_ms` (-1: whenever). Cut short
 * by the limit or by a handler (reply->interrupted), it is CANCELled: -EINPROGRESS. */
long control_wait(const struct control_request *request, struct control_reply *reply,
                  int limit_ms);
/* The same for what the service may also not hear; a vfork child may, too. */
void control_tell(const struct control_request *request);
/* A request about the entry's socket; keeps its cached state. The service does not know it:
 * -ENOTCONN (it has ended long ago), -ENOTSOCK (the number names something else now). */
long entry_call(int fd, struct fd_entry *e, struct control_request *request,
                struct control_reply *reply);
/* The same for a request without a reply. */
long entry_post(int fd, struct fd_entry *e, struct control_request *request);
/* The same for a request that waits. */
long entry_wait(int fd, struct fd_entry *e, struct control_request *request,
                struct control_reply *reply, int limit_ms);
/* When the library is loaded. */
void control_begin(void);
/* Before an exec, whose environment preloads the shim, or not, and has `path` for $NUSE_SOCK (NULL:
 * none): the connection is left open for a shim that cannot make one by path. A vfork child may. */
void control_pass_on(bool has_shim, const char *path);
/* Makes the connection for requests, if there is none, and learns the rules. */
void control_prepare(void);
/* Does a control connection (ours, or one inherited by fork) sit at this number? */
bool control_holds(int fd);
/* The lowest number from `first` to `last` at which one does, or -1. */
long control_next(unsigned first, unsigned last);
/* Moves the control connection away from `fd`, when one sits there, so that dup2 may take the
 * number. */
void control_vacate(int fd);
/* Asks: has the service gone for good? */
bool control_is_lost(void);

#endif
