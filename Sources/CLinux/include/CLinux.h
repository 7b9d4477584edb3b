/* The Linux calls that Swift's Glibc module lacks or imports badly, as plain functions.
 *
 * Swift sees no epoll, eventfd, signalfd, openat2 or O_TMPFILE through Glibc, cannot call variadic
 * functions, and cannot pass the transparent union that glibc's <sys/socket.h> uses with
 * _GNU_SOURCE. Each function returns what the system call does: -1 and errno on failure.
 */
#ifndef CLINUX_H
#define CLINUX_H

#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif

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
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <sys/sendfile.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

/* openat2(2); glibc 2.36 has no wrapper. */
static inline int clinux_openat2(int directory, const char *path, uint64_t flags, uint64_t mode,
                                 uint64_t resolve) {
    struct open_how how = {.flags = flags, .mode = mode, .resolve = resolve};
    return (int)syscall(SYS_openat2, directory, path, &how, sizeof how);
}

/* open(2) and openat(2) are variadic. */
static inline int clinux_openat(int directory, const char *path, int flags, mode_t mode) {
    return openat(directory, path, flags, mode);
}

/* fcntl(2) is variadic. */
static inline int clinux_fcntl(int fd, int command, int argument) {
    return fcntl(fd, command, argument);
}

/* The socket calls take a transparent union in C, a plain pointer here. */
static inline int clinux_accept4(int fd, struct sockaddr_storage *peer, socklen_t *length,
                                 int flags) {
    return accept4(fd, (struct sockaddr *)peer, length, flags);
}
static inline int clinux_bind(int fd, const struct sockaddr_storage *address, socklen_t length) {
    return bind(fd, (const struct sockaddr *)address, length);
}
static inline int clinux_connect(int fd, const struct sockaddr_storage *address,
                                 socklen_t length) {
    return connect(fd, (const struct sockaddr *)address, length);
}
static inline int clinux_getsockname(int fd, struct sockaddr_storage *address, socklen_t *length) {
    return getsockname(fd, (struct sockaddr *)address, length);
}
static inline int clinux_getpeername(int fd, struct sockaddr_storage *address, socklen_t *length) {
    return getpeername(fd, (struct sockaddr *)address, length);
}

/* preadv2(2) with RWF_NOWAIT: EAGAIN where the page is not in memory. */
static inline ssize_t clinux_pread_resident(int fd, void *buffer, size_t count, off_t offset) {
    struct iovec vector = {.iov_base = buffer, .iov_len = count};
    return preadv2(fd, &vector, 1, offset, RWF_NOWAIT);
}

/* The union in epoll_event is awkward in Swift. */
static inline int clinux_epoll_add(int epoll, int fd, uint32_t events, uint64_t token) {
    struct epoll_event event = {.events = events, .data.u64 = token};
    return epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event);
}
static inline int clinux_epoll_modify(int epoll, int fd, uint32_t events, uint64_t token) {
    struct epoll_event event = {.events = events, .data.u64 = token};
    return epoll_ctl(epoll, EPOLL_CTL_MOD, fd, &event);
}
static inline int clinux_epoll_delete(int epoll, int fd) {
    return epoll_ctl(epoll, EPOLL_CTL_DEL, fd, NULL);
}
static inline uint64_t clinux_event_token(const struct epoll_event *event) {
    return event->data.u64;
}

/* errno is a macro of a call. */
static inline int clinux_errno(void) { return errno; }

/* Macros with casts, which Swift does not import. */
static const unsigned CLINUX_EPOLLEXCLUSIVE = EPOLLEXCLUSIVE;
static const unsigned CLINUX_EPOLLIN = EPOLLIN;
static const unsigned CLINUX_EPOLLOUT = EPOLLOUT;
static const unsigned CLINUX_EPOLLRDHUP = EPOLLRDHUP;
static const unsigned CLINUX_EPOLLHUP = EPOLLHUP;
static const unsigned CLINUX_EPOLLERR = EPOLLERR;
static const int CLINUX_O_TMPFILE = O_TMPFILE;
static const int CLINUX_S_IFMT = S_IFMT;
static const int CLINUX_S_IFREG = S_IFREG;
static const int CLINUX_S_IFDIR = S_IFDIR;

#endif
