// The least that a server on epoll can do: wait, recv, find the ends of the request heads, send.
//
// It is what the other servers are measured against. One thread, level-triggered, keep-alive. Every
// request head gets the same response, prepared once, with the fields that a server of files sends.
// There is no parsing, routing, clock or log, and no second copy. Pipelined requests are answered
// in order; what a short send leaves over goes out when the socket takes it.
//
// With `close` it is the floor of one request per connection: each is accepted, answered, closed.
//
//     floor PORT [CONTENT-BYTES [close]]

#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

enum { batch_limit = 256, together_limit = 16, receive_bytes = 64 << 10, descriptor_limit = 65536 };

// What is remembered of a connection, by its descriptor.
struct connection {
    uint64_t owed;         // bytes of responses that are still to be sent
    uint8_t matched;       // how much of CR LF CR LF the bytes so far end with, 0 to 3
    uint8_t awaits_room;   // whether the socket was full, and EPOLLOUT is what is waited for
};

static struct connection connections[descriptor_limit];
static char *response;
static size_t response_bytes;
static int closes;         // whether a connection ends with its first response

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

static void serve(int epoll, int descriptor, uint32_t events)
{
    static char bytes[receive_bytes];
    struct connection *connection = &connections[descriptor];
    if (events & (EPOLLIN | EPOLLHUP | EPOLLERR)) {
        ssize_t count = recv(descriptor, bytes, sizeof bytes, 0);
        if (count == 0 || (count < 0 && errno != EAGAIN)) {
            close(descriptor);
            return;
        }
        if (count > 0)
            connection->owed +=
                (uint64_t)response_bytes * count_heads(bytes, count, &connection->matched);
    }
    uint8_t asked = connection->owed > 0;
    if (!send_owed(descriptor, connection) || (closes && asked && connection->owed == 0)) {
        close(descriptor);
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
        "HTTP/1.1 200 OK\r\n"
        "Date: Thu, 01 Jan 2026 00:00:00 GMT\r\n"
        "Server: httpd-swift\r\n"
        "Content-Type: text/html; charset=utf-8\r\n"
        "Content-Length: %zu\r\n"
        "ETag: \"400-18a1b2c3d4e5f607\"\r\n"
        "Last-Modified: Thu, 01 Jan 2026 00:00:00 GMT\r\n"
        "Accept-Ranges: bytes\r\n"
        "%s\r\n",
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
        fprintf(stderr, "usage: floor PORT [CONTENT-BYTES [close]]\n");
        return 64;
    }
    closes = count > 3 && strcmp(arguments[3], "close") == 0;
    prepare_response(count > 2 ? strtoul(arguments[2], NULL, 10) : 1024);

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
    for (;;) {
        int ready = epoll_wait(epoll, events, batch_limit, -1);
        if (ready < 0 && errno != EINTR)
            fail("epoll_wait");
        for (int index = 0; index < ready; index++) {
            int descriptor = events[index].data.fd;
            if (descriptor == listener)
                accept_all(epoll, listener);
            else
                serve(epoll, descriptor, events[index].events);
        }
    }
}
