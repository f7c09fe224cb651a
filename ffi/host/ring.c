/* The memory of a ring that a program and nuse share (io/app/endpoint/send_ring.ts): a page of
 * control words, then the bytes.
 *
 * The bytes take the place of a block of the arena that may be in use, and give it back, without
 * moving: frames that point into it stay good. The memory is sealed, so that the program cannot
 * shrink it under us, which would be a SIGBUS here.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define API __attribute__((visibility("default")))

#define PAGE 4096
#ifndef MFD_NOEXEC_SEAL
#define MFD_NOEXEC_SEAL 8u
#endif

/* Copies the two used pieces of a block to the same places of another. */
static void copy_used(uint8_t *to, const uint8_t *from, const int used[4]) {
  memcpy(to + used[0], from + used[0], (size_t)used[1]);
  memcpy(to + used[2], from + used[2], (size_t)used[3]);
}

/* A page and `len` bytes of memory that can be passed to a program: its descriptor, or -errno. */
API int nuse_ring_create(int len) {
  int fd = memfd_create("nuse", MFD_CLOEXEC | MFD_ALLOW_SEALING | MFD_NOEXEC_SEAL);
  if (fd < 0 && errno == EINVAL) fd = memfd_create("nuse", MFD_CLOEXEC | MFD_ALLOW_SEALING);
  if (fd < 0) return -errno;
  int seals = F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL;
  if (ftruncate(fd, PAGE + (off_t)len) == 0 && fcntl(fd, F_ADD_SEALS, seals) == 0) return fd;
  int error = errno;
  close(fd);
  return -error;
}

/* Puts the control page at `page_off`, and the bytes in the place of the block at `off`, whose used
 * bytes (two pieces, offsets in the block) they hold afterwards. Returns 0 or -errno: nothing has
 * changed. */
API int nuse_ring_share(int fd, uint8_t *base, int page_off, int off, int len, int used_off0,
                        int used_len0, int used_off1, int used_len1) {
  const int used[4] = {used_off0, used_len0, used_off1, used_len1};
  const int protection = PROT_READ | PROT_WRITE;
  uint8_t *bytes = mmap(NULL, (size_t)len, protection, MAP_SHARED, fd, PAGE);
  if (bytes == MAP_FAILED) return -errno;
  copy_used(bytes, base + off, used);
  void *page = mmap(base + page_off, PAGE, protection, MAP_SHARED | MAP_FIXED, fd, 0);
  void *moved = MAP_FAILED;
  if (page != MAP_FAILED) {
    moved = mremap(bytes, (size_t)len, (size_t)len, MREMAP_MAYMOVE | MREMAP_FIXED, base + off);
  }
  if (moved != MAP_FAILED) return 0;
  int error = errno;
  munmap(bytes, (size_t)len);
  return -error;
}

/* The reverse: the block is private memory again, with the same used bytes. */
API int nuse_ring_unshare(uint8_t *base, int page_off, int off, int len, int used_off0,
                          int used_len0, int used_off1, int used_len1) {
  const int used[4] = {used_off0, used_len0, used_off1, used_len1};
  const int flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE;
  const int protection = PROT_READ | PROT_WRITE;
  uint8_t *bytes = mmap(NULL, (size_t)len, protection, flags, -1, 0);
  if (bytes == MAP_FAILED) return -errno;
  copy_used(bytes, base + off, used);
  void *moved = mremap(bytes, (size_t)len, (size_t)len, MREMAP_MAYMOVE | MREMAP_FIXED, base + off);
  if (moved == MAP_FAILED) {
    int error = errno;
    munmap(bytes, (size_t)len);
    return -error;
  }
  mmap(base + page_off, PAGE, protection, flags | MAP_FIXED, -1, 0);
  return 0;
}
