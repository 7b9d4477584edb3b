/* The Linux calls that Swift's Glibc module lacks or imports badly, as plain functions.
 *
 * Swift sees no epoll, eventfd, signalfd, openat2 or O_TMPFILE through Glibc, cannot call variadic
 * functions, and cannot pass the transparent union that glibc's <sys/socket.h> uses with
 * _GNU_SOURCE. What needs _GNU_SOURCE stands in CLinux.c: with it, glibc's headers define some types
 * differently than Swift's own Glibc module has them, and the two cannot be imported together.
 *
 * Each function returns what the system call does: -1 and errno on failure.
 */
#ifndef CLINUX_H
#define CLINUX_H

#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/file.h>
#include <sys/random.h>
#include <sys/sendfile.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

/* errno is a macro of a call. */
static inline int clinux_errno(void) { return errno; }

/* openat2(2); glibc 2.36 has no wrapper. */
int clinux_openat2(int directory, const char *path, uint64_t flags, uint64_t mode,
                   uint64_t resolve);
/* open(2) and openat(2) are variadic. */
int clinux_openat(int directory, const char *path, int flags, mode_t mode);
/* getdents64(2); glibc's wrapper needs _GNU_SOURCE. Fills the buffer with records as below. */
ssize_t clinux_getdents(int directory, void *buffer, size_t count);
/* Where a record of getdents64(2) has its length (16 bits), type (DT_...) and name (NUL behind). */
enum { CLINUX_DIRENT_LENGTH = 16, CLINUX_DIRENT_TYPE = 18, CLINUX_DIRENT_NAME = 19 };
/* statx(2) of an entry itself, and only what a listing shows: what is known without asking a server
 * of a network file system, no mounting. */
struct clinux_entry_status {
    uint64_t size;
    int64_t modified_seconds;
    uint32_t modified_nanoseconds;
    uint32_t mode;
};
int clinux_entry_status(int directory, const char *name, struct clinux_entry_status *status);
/* fcntl(2) is variadic. */
int clinux_fcntl(int fd, int command, int argument);
/* preadv2(2) with RWF_NOWAIT: EAGAIN where the page is not in memory. */
ssize_t clinux_pread_resident(int fd, void *buffer, size_t count, off_t offset);
/* fallocate(2) with FALLOC_FL_KEEP_SIZE. */
int clinux_reserve(int fd, off_t count);
/* ioctl(2) with SIOCOUTQ. */
int clinux_unsent_bytes(int fd);
/* sem_clockwait(3) until a time of CLOCK_MONOTONIC. */
int clinux_semaphore_wait(sem_t *semaphore, const struct timespec *end);
/* dup3(2) with O_CLOEXEC. */
int clinux_dup3(int source, int target);
/* readahead(2). */
ssize_t clinux_readahead(int fd, off_t offset, size_t count);

/* The socket calls with a plain pointer. */
int clinux_accept4(int fd, struct sockaddr_storage *peer, socklen_t *length, int flags);
int clinux_bind(int fd, const struct sockaddr_storage *address, socklen_t length);
int clinux_connect(int fd, const struct sockaddr_storage *address, socklen_t length);
/* recv(2) and send(2), but no cancellation points: no thread is ever cancelled here, and what glibc
 * does so that it could be costs two locked instructions a call in a process with threads. */
ssize_t clinux_recv(int fd, void *buffer, size_t count, int flags);
ssize_t clinux_send(int fd, const void *bytes, size_t count, int flags);
int clinux_getsockname(int fd, struct sockaddr_storage *address, socklen_t *length);

/* The union in epoll_event is awkward in Swift. */
int clinux_epoll_add(int epoll, int fd, uint32_t events, uint64_t token);
int clinux_epoll_delete(int epoll, int fd);
static inline uint64_t clinux_event_token(const struct epoll_event *event) {
    return event->data.u64;
}

/* SIG_IGN is a macro with a cast, CPU_COUNT one of a loop. */
void clinux_ignore_sigpipe(void);
int clinux_usable_processors(void);
/* Raises the soft limit on descriptors to the hard one, and returns it (getrlimit(2)). */
uint64_t clinux_raise_descriptor_limit(void);
void clinux_set_thread_name(const char *name);
/* madvise(2) with MADV_DONTNEED for all that dl_iterate_phdr(3) finds and nobody may write to. */
void clinux_release_code(void);

/* Constants that need _GNU_SOURCE, or are macros that Swift does not import. */
extern const int clinux_o_tmpfile, clinux_o_path, clinux_at_empty_path;
static const uint32_t CLINUX_EPOLLEXCLUSIVE = EPOLLEXCLUSIVE;
static const uint32_t CLINUX_EPOLLIN = EPOLLIN;
static const uint32_t CLINUX_EPOLLOUT = EPOLLOUT;
static const uint32_t CLINUX_EPOLLRDHUP = EPOLLRDHUP;
static const uint32_t CLINUX_EPOLLHUP = EPOLLHUP;
static const uint32_t CLINUX_EPOLLERR = EPOLLERR;
static const uint32_t CLINUX_EPOLLET = 1u << 31;
static const int CLINUX_S_IFMT = S_IFMT;
static const int CLINUX_S_IFREG = S_IFREG;
static const int CLINUX_S_IFDIR = S_IFDIR;
static const int CLINUX_S_IFLNK = S_IFLNK;

#endif
