/* A seccomp filter, instruction by instruction: for confine.c and door_filter.c. */
#ifndef NUSE_FILTER_H
#define NUSE_FILTER_H

#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdint.h>

#if defined(__x86_64__)
#define ARCH AUDIT_ARCH_X86_64
#define ARCH_32 AUDIT_ARCH_I386
#elif defined(__aarch64__)
#define ARCH AUDIT_ARCH_AARCH64
#define ARCH_32 AUDIT_ARCH_ARM
#endif
/* x32 calls have the numbers of x86-64 with this bit. */
#define X32_BIT 0x40000000

#define COUNT(table) ((int)(sizeof(table) / sizeof *(table)))
#define MAX_INSTRUCTIONS 256

#ifndef SECCOMP_FILTER_FLAG_SPEC_ALLOW
#define SECCOMP_FILTER_FLAG_SPEC_ALLOW (1UL << 2)
#endif

#define REFUSE(error) (SECCOMP_RET_ERRNO | (error))

struct program {
  struct sock_filter code[MAX_INSTRUCTIONS];
  int len;
};

static inline void add(struct program *p, uint16_t code, uint8_t yes, uint8_t no, uint32_t k) {
  p->code[p->len++] = (struct sock_filter){code, yes, no, k};
}

static inline void load(struct program *p, size_t offset) {
  add(p, BPF_LD | BPF_W | BPF_ABS, 0, 0, (uint32_t)offset);
}

/* `half`: 0 the low 32 bits, 1 the high ones. */
static inline void load_argument(struct program *p, int argument, int half) {
  load(p, offsetof(struct seccomp_data, args) + 8 * (size_t)argument + 4 * (size_t)half);
}

static inline void answer(struct program *p, uint32_t verdict) {
  add(p, BPF_RET | BPF_K, 0, 0, verdict);
}

/* Unless the accumulator is `value`, skips the next `count` instructions. */
static inline void unless(struct program *p, uint32_t value, int count) {
  add(p, BPF_JMP | BPF_JEQ | BPF_K, 0, (uint8_t)count, value);
}

static inline void when(struct program *p, uint32_t value, uint32_t verdict) {
  unless(p, value, 1);
  answer(p, verdict);
}

/* The accumulator is the number of a call. */
static inline void refuse_x32(struct program *p) {
#if defined(__x86_64__)
  add(p, BPF_JMP | BPF_JGE | BPF_K, 0, 1, X32_BIT);
  answer(p, REFUSE(ENOSYS));
#else
  (void)p;
#endif
}

#endif
