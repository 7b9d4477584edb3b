// The least that a server on epoll can do: wait, recv, find the ends of the request heads, send.
//
// It is what the other servers are measured against. One thread, level-triggered, keep-alive. Every
// request head gets the same response, prepared once, with the fields that a server of files sends.
// There is no parsing, routing, clock or log, and no second copy. Pipelined requests are answered
// in order; what a short send leaves over goes out when the socket takes it.
//
// With `close` it is the floor of one request per connection: each is accepted, answered, closed.
//
// With `kept` it does what the daemon promises beside: it looks once a batch whether FILE is still
// what it was, and writes a line for each request to LOG before it sleeps, or after a millisecond.
//
// With `put` it is the floor of uploads: the content of each request is received and written to a
// file below ROOT, which then gets its name, all on this thread. Of a request it reads the target
// and Content-Length, and a request without them ends the program. A name never leads to half a
// file, and a file that was there is replaced at once, but nothing is flushed.
//
//     floor PORT [CONTENT-BYTES [close | kept FILE LOG]]
//     floor PORT put ROOT

#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

enum { batch_limit = 256, together_limit = 16, receive_bytes = 64 << 10, descriptor_limit = 65536 };
// Head and content of most uploads fit, so they are written at once; what is larger goes in parts.
// Of 16 MiB, parts of 256 KiB cost 1.27 of those of 1 MiB, and of 4 MiB 1.09.
enum { upload_bytes = 1 << 20, path_limit = 256 };

// What is remembered of a connection, by its descriptor.
struct connection {
    uint64_t owed;         // bytes of responses that are still to be sent
    uint8_t matched;       // how much of CR LF CR LF the bytes so far end with, 0 to 3
    uint8_t awaits_room;   // whether the socket was full, and EPOLLOUT is what is waited for
};

// The upload of a connection. All of it is kept for the next one.
struct upload {
    char *bytes;           // what was received
    size_t filled, done;   // how much that is, and how much of it is done with
    size_t left;           // bytes of content that are not in the file yet
    int runs;              // whether the head was read, and `left` and `path` are of this request
    int file;              // -1 before the first bytes are written
    int is_unnamed;        // whether the file has no name yet, else it has the temporary one
    int replaces;          // whether the last file was there before, so the next may well be too
    char path[path_limit], directory[path_limit], temporary[path_limit + 32];
};

static struct connection connections[descriptor_limit];
static struct upload *uploads[descriptor_limit];
static char *response;
static size_t response_bytes;
static int closes;         // whether a connection ends with its first response
static int stores;         // whether requests are uploads

// What is promised with `kept`.
static int root = -1, log_file = -1;
static const char *kept_file;
static struct stat kept;
static char log_lines[1 << 20];
static size_t log_bytes;
static int64_t log_since;  // nanoseconds, when the first of the lines was written

static void fail(const char *what)
{
    perror(what);
    exit(1);
}

// The number of request heads that end in these bytes. The state goes on from one call to the next,
// so it does not matter how the bytes were split.
static unsigned count_heads(const char *bytes, size_t count, uint8_t *matched)
{
    unsigned heads = 0;
    uint8_t state = *matched;
    for (size_t offset = 0; offset < count; offset++) {
        if (state == 0) {
            const char *found = memchr(bytes + offset, '\r', count - offset);
            if (!found)
                break;
            offset = found - bytes;
            state = 1;
        } else if (bytes[offset] == (state == 2 ? '\r' : '\n')) {
            if (++state == 4) {
                heads++;
                state = 0;
            }
        } else {
            state = bytes[offset] == '\r' ? 1 : 0;
        }
    }
    *matched = state;
    return heads;
}

// Sends what is owed. What is owed always ends with the end of a response, so the position in the
// current one follows from the number; those after it go out together with it. False: the peer is
// gone.
static int send_owed(int descriptor, struct connection *connection)
{
    while (connection->owed > 0) {
        size_t left = (connection->owed - 1) % response_bytes + 1;
        size_t whole = (connection->owed - left) / response_bytes;
        ssize_t sent;
        if (whole == 0) {
            sent = send(descriptor, response + (response_bytes - left), left, MSG_NOSIGNAL);
        } else {
            struct iovec parts[together_limit] = {{response + (response_bytes - left), left}};
            struct msghdr message = {.msg_iov = parts, .msg_iovlen = 1};
            while (message.msg_iovlen < together_limit && message.msg_iovlen <= whole)
                parts[message.msg_iovlen++] = (struct iovec){response, response_bytes};
            sent = sendmsg(descriptor, &message, MSG_NOSIGNAL);
        }
        if (sent < 0)
            return errno == EAGAIN;
        connection->owed -= sent;
    }
    return 1;
}

static void watch(int epoll, int operation, int descriptor, uint32_t events)
{
    struct epoll_event event = {.events = events, .data.fd = descriptor};
    if (epoll_ctl(epoll, operation, descriptor, &event) < 0)
        fail("epoll_ctl");
}

// The number of request heads that end in what the socket has; -1: the peer is gone.
static int receive_heads(int descriptor)
{
    static char bytes[receive_bytes];
    ssize_t count = recv(descriptor, bytes, sizeof bytes, 0);
    if (count <= 0)
        return count < 0 && errno == EAGAIN ? 0 : -1;
    return count_heads(bytes, count, &connections[descriptor].matched);
}

// Opens the file that the content goes to. One without a name costs a little less than one with
// another name, but only a name can replace a name.
static void open_file(struct upload *upload)
{
    upload->is_unnamed = 0;
    if (!upload->replaces) {
        upload->file = open(upload->directory, O_TMPFILE | O_WRONLY | O_CLOEXEC, 0644);
        upload->is_unnamed = upload->file >= 0;
        if (upload->is_unnamed)
            return;
        if (errno != EOPNOTSUPP)
            fail(upload->directory);
    }
    upload->file = open(upload->temporary, O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0644);
    if (upload->file < 0)
        fail(upload->temporary);
}

// Gives a file its first name. By its descriptor alone not everyone may on each kernel.
static int link_file(int file, const char *path)
{
    if (linkat(file, "", AT_FDCWD, path, AT_EMPTY_PATH) == 0)
        return 0;
    if (errno != ENOENT)
        return -1;
    char link[64];
    snprintf(link, sizeof link, "/proc/self/fd/%d", file);
    return linkat(AT_FDCWD, link, AT_FDCWD, path, AT_SYMLINK_FOLLOW);
}

static void name_file(struct upload *upload)
{
    if (upload->is_unnamed) {
        if (link_file(upload->file, upload->path) == 0)
            return;
        if (errno != EEXIST || link_file(upload->file, upload->temporary) < 0)
            fail(upload->path);
        upload->replaces = 1;
    }
    if (rename(upload->temporary, upload->path) < 0)
        fail(upload->path);
}

// Takes target and length from a head, if it is whole.
static int read_head(struct upload *upload, int descriptor)
{
    char *head = upload->bytes + upload->done;
    char *end = memmem(head, upload->filled - upload->done, "\r\n\r\n", 4);
    if (!end)
        return 0;
    *end = 0;
    char *length = strcasestr(head, "\r\nContent-Length:");
    int path_bytes = 0;
    if (!length || sscanf(head, "PUT /%255s%n", upload->path, &path_bytes) != 1) {
        errno = EPROTO;
        fail(head);
    }
    char *name = strrchr(upload->path, '/');
    int directory_bytes = name ? name - upload->path : 0;
    snprintf(upload->directory, path_limit, "./%.*s", directory_bytes, upload->path);
    snprintf(upload->temporary, sizeof upload->temporary, "%s/.floor-%d", upload->directory,
        descriptor);
    upload->left = strtoull(length + 17, NULL, 10);
    upload->done = end + 4 - upload->bytes;
    upload->runs = 1;
    return 1;
}

// Writes what is there of the content, and names the file with its last byte.
static void store(struct upload *upload, size_t count)
{
    if (upload->file < 0)
        open_file(upload);
    if (count > 0 && write(upload->file, upload->bytes + upload->done, count) != (ssize_t)count)
        fail("write");
    upload->done += count;
    upload->left -= count;
    if (upload->left > 0)
        return;
    name_file(upload);
    close(upload->file);
    upload->file = -1;
    upload->runs = 0;
}

// The number of uploads whose last byte the socket has; -1: the peer is gone.
static int receive_uploads(int descriptor)
{
    struct upload *upload = uploads[descriptor];
    ssize_t received = recv(
        descriptor, upload->bytes + upload->filled, upload_bytes - upload->filled, 0);
    if (received <= 0)
        return received < 0 && errno == EAGAIN ? 0 : -1;
    upload->filled += received;
    int whole = 0;
    while (upload->runs || read_head(upload, descriptor)) {
        size_t count = upload->filled - upload->done;
        if (count < upload->left && upload->filled < upload_bytes)
            return whole;
        store(upload, count < upload->left ? count : upload->left);
        if (upload->runs)
            break;
        whole++;
    }
    // A part of the next head goes to the front, so that there is room for the rest.
    upload->filled -= upload->done;
    memmove(upload->bytes, upload->bytes + upload->done, upload->filled);
    upload->done = 0;
    if (upload->filled == upload_bytes) {
        errno = EMSGSIZE;
        fail("head");
    }
    return whole;
}

static void begin_uploads(int descriptor)
{
    if (!uploads[descriptor]) {
        uploads[descriptor] = calloc(1, sizeof(struct upload));
        if (!uploads[descriptor] || !(uploads[descriptor]->bytes = malloc(upload_bytes)))
            fail("malloc");
    }
    struct upload *upload = uploads[descriptor];
    upload->filled = upload->done = upload->runs = upload->replaces = 0;
    upload->file = -1;
}

// Ends a connection, and with it what was uploaded of a file so far.
static void drop(int descriptor)
{
    struct upload *upload = uploads[descriptor];
    if (upload && upload->file >= 0) {
        close(upload->file);
        if (!upload->is_unnamed)
            unlink(upload->temporary);
    }
    close(descriptor);
}

static int64_t nanoseconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * INT64_C(1000000000) + now.tv_nsec;
}

static void look_at_file(void)
{
    struct stat found;
    if (fstatat(root, kept_file, &found, AT_SYMLINK_NOFOLLOW) < 0 || found.st_ino != kept.st_ino
        || found.st_size != kept.st_size || found.st_mtim.tv_sec != kept.st_mtim.tv_sec
        || found.st_mtim.tv_nsec != kept.st_mtim.tv_nsec) {
        errno = ESTALE;
        fail(kept_file);
    }
}

static void write_log(void)
{
    if (log_bytes > 0 && write(log_file, log_lines, log_bytes) != (ssize_t)log_bytes)
        fail("log");
    log_bytes = 0;
}

static void log_requests(int count, int64_t now)
{
    static const char line[] =
        "127.0.0.1 - - [01/Jan/2026:00:00:00 +0000] \"GET /1k.html HTTP/1.1\" 200 1024"
        " \"-\" \"-\"\n";
    if (log_bytes == 0)
        log_since = now;
    while (count-- > 0) {
        if (log_bytes + sizeof line > sizeof log_lines)
            write_log();
        memcpy(log_lines + log_bytes, line, sizeof line - 1);
        log_bytes += sizeof line - 1;
    }
}

// Under load there are events already when a batch is done. Then the lines wait for those of the
// next batches.
static int wait_for_events(int epoll, struct epoll_event *events, int before, int64_t now)
{
    if (log_file >= 0) {
        if (before > 1 && log_bytes > 0 && now - log_since < 1000000) {
            int ready = epoll_wait(epoll, events, batch_limit, 0);
            if (ready != 0)
                return ready;
        }
        write_log();
    }
    return epoll_wait(epoll, events, batch_limit, -1);
}

static void serve(int epoll, int descriptor, uint32_t events, int64_t now)
{
    struct connection *connection = &connections[descriptor];
    if (events & (EPOLLIN | EPOLLHUP | EPOLLERR)) {
        int asked = stores ? receive_uploads(descriptor) : receive_heads(descriptor);
        if (asked < 0) {
            drop(descriptor);
            return;
        }
        if (log_file >= 0)
            log_requests(asked, now);
        connection->owed += (uint64_t)response_bytes * asked;
    }
    uint8_t asked = connection->owed > 0;
    if (!send_owed(descriptor, connection) || (closes && asked && connection->owed == 0)) {
        drop(descriptor);
        return;
    }
    uint8_t awaits_room = connection->owed > 0;
    if (awaits_room != connection->awaits_room) {
        connection->awaits_room = awaits_room;
        watch(epoll, EPOLL_CTL_MOD, descriptor, awaits_room ? EPOLLOUT : EPOLLIN);
    }
}

static void accept_all(int epoll, int listener)
{
    int descriptor;
    while ((descriptor = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC)) >= 0) {
        if (descriptor >= descriptor_limit) {
            close(descriptor);
            continue;
        }
        int on = 1;
        setsockopt(descriptor, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
        connections[descriptor] = (struct connection){0};
        if (stores)
            begin_uploads(descriptor);
        watch(epoll, EPOLL_CTL_ADD, descriptor, EPOLLIN);
    }
}

static int listen_on(uint16_t port)
{
    struct sockaddr_in address = {
        .sin_family = AF_INET,
        .sin_port = htons(port),
        .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
    };
    int listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    int on = 1;
    if (listener < 0 || setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) < 0
        || bind(listener, (struct sockaddr *)&address, sizeof address) < 0
        || listen(listener, 4096) < 0)
        fail("listen");
    return listener;
}

static void prepare_response(size_t content_bytes)
{
    char head[512];
    int head_bytes = snprintf(
        head, sizeof head,
        "HTTP/1.1 %s\r\n"
        "Date: Thu, 01 Jan 2026 00:00:00 GMT\r\n"
        "Server: httpd-swift\r\n"
        "%s"
        "Content-Length: %zu\r\n"
        "ETag: \"400-18a1b2c3d4e5f607\"\r\n"
        "Last-Modified: Thu, 01 Jan 2026 00:00:00 GMT\r\n"
        "%s\r\n",
        stores ? "201 Created" : "200 OK",
        stores ? "Location: /put/00-00000000.bin\r\n"
               : "Content-Type: text/html; charset=utf-8\r\nAccept-Ranges: bytes\r\n",
        content_bytes, closes ? "Connection: close\r\n" : "");
    response_bytes = head_bytes + content_bytes;
    response = malloc(response_bytes);
    if (!response)
        fail("malloc");
    memcpy(response, head, head_bytes);
    memset(response + head_bytes, 'x', content_bytes);
}

int main(int count, char **arguments)
{
    if (count < 2) {
        fprintf(stderr, "usage: floor PORT [CONTENT-BYTES [close | kept FILE LOG]]\n"
                        "       floor PORT put ROOT\n");
        return 64;
    }
    stores = count > 3 && strcmp(arguments[2], "put") == 0;
    if (stores && chdir(arguments[3]) < 0)
        fail(arguments[3]);
    closes = count > 3 && strcmp(arguments[3], "close") == 0;
    if (count > 5 && strcmp(arguments[3], "kept") == 0) {
        char *name = strrchr(arguments[4], '/');
        if (!name)
            fail("FILE has no directory");
        *name = 0;
        root = open(arguments[4], O_PATH | O_DIRECTORY | O_CLOEXEC);
        kept_file = name + 1;
        if (root < 0 || fstatat(root, kept_file, &kept, AT_SYMLINK_NOFOLLOW) < 0)
            fail(kept_file);
        log_file = open(arguments[5], O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
        if (log_file < 0)
            fail(arguments[5]);
    }
    prepare_response(stores ? 0 : count > 2 ? strtoul(arguments[2], NULL, 10) : 1024);

    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
        limit.rlim_cur = limit.rlim_max;
        setrlimit(RLIMIT_NOFILE, &limit);
    }

    int listener = listen_on((uint16_t)atoi(arguments[1]));
    int epoll = epoll_create1(EPOLL_CLOEXEC);
    if (epoll < 0)
        fail("epoll_create1");
    watch(epoll, EPOLL_CTL_ADD, listener, EPOLLIN);

    struct epoll_event events[batch_limit];
    int ready = 0;
    int64_t now = 0;
    for (;;) {
        ready = wait_for_events(epoll, events, ready, now);
        if (ready < 0 && errno != EINTR)
            fail("epoll_wait");
        if (log_file >= 0) {
            now = nanoseconds();
            look_at_file();
        }
        for (int index = 0; index < ready; index++) {
            int descriptor = events[index].data.fd;
            if (descriptor == listener)
                accept_all(epoll, listener);
            else
                serve(epoll, descriptor, events[index].events, now);
        }
    }
}
