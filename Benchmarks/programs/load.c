// Many connections that ask again and again, either as soon as they are answered, or at a constant
// rate whatever the server does.
//
//     load PORT CONNECTIONS STATUS WARM REQUEST-FILE…
//
// Connection i sends the i-th request file, over and over; `-00000000.` in its first line is
// another number each time, so that uploads have new names. Each is opened, and with WARM=1
// answered once, before anything counts; then the program says "ready". For each line
// `SECONDS RATE` that it reads it makes a round and prints a line of figures; all connections stay
// open between, so what is read of the server before and after a round is of that round alone. An
// answer with a status that does not begin with STATUS counts as wrong. Content is thrown away in
// the kernel (MSG_TRUNC), so that a fast server does not wait for a slow reader.
//
// RATE 0 is as soon as the last one is answered. Otherwise the k-th request of a round is due
// k / RATE seconds after its begin, on connection k mod CONNECTIONS, and its latency is counted
// from when it was due, not from when it could be sent: a server that stalls is charged with all
// that had to wait for it (no coordinated omission). A round ends when all that was asked for is
// answered.

#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sched.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

enum { batch_limit = 256, head_limit = 4096, sub_buckets = 64, bucket_count = 64 * sub_buckets };
enum { second = 1000000000, patience = 20 };

struct request {
    char *bytes;
    size_t count;
    char *number;               // where its running number is to be, if anywhere
};

struct connection {
    int descriptor;
    struct request *request;
    size_t sent;                // octets of the request that are with the kernel
    uint64_t due;               // when the running request was to begin
    uint64_t next_due;          // the same of the one after it
    unsigned waiting;           // requests that are due, and not begun since one is running
    int running, awaits_room;
    size_t head_count;          // octets of the answer's head so far
    int64_t content_left;       // octets of content that are to come; -1 in the head
    char head[head_limit];
};

static const char *expected_status;
static struct request *requests;
static struct connection *connections;
static unsigned connection_count;
static int epoll;
static uint64_t asked, answered, received, wrong, latencies[bucket_count], latency_max;
static uint64_t period;             // between two requests that are due on a connection
static int closed_loop, counting;

static void fail(const char *what)
{
    fprintf(stderr, "load: %s: %s\n", what, errno ? strerror(errno) : "unexpected");
    exit(1);
}

static uint64_t now(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (uint64_t)time.tv_sec * second + time.tv_nsec;
}

// Latencies are kept with six binary digits: a bucket is at most 1.6 % wide.
static unsigned bucket_of(uint64_t value)
{
    if (value < sub_buckets)
        return value;
    unsigned shift = 63 - __builtin_clzll(value) - 5;
    return shift * (sub_buckets / 2) + (value >> shift);
}

static uint64_t value_of(unsigned bucket)
{
    if (bucket < sub_buckets)
        return bucket;
    unsigned shift = bucket / (sub_buckets / 2) - 1;
    return (uint64_t)(bucket - shift * (sub_buckets / 2)) << shift;
}

static void note_latency(uint64_t value)
{
    latencies[bucket_of(value)]++;
    if (value > latency_max)
        latency_max = value;
}

static double percentile(double share)
{
    uint64_t total = 0, sum = 0;
    for (unsigned bucket = 0; bucket < bucket_count; bucket++)
        total += latencies[bucket];
    for (unsigned bucket = 0; bucket < bucket_count; bucket++) {
        sum += latencies[bucket];
        if (total > 0 && sum >= share * total)
            return value_of(bucket) / 1000.0;
    }
    return 0;
}

static void watch(struct connection *connection, int operation, uint32_t events)
{
    struct epoll_event event = {.events = events, .data.ptr = connection};
    if (epoll_ctl(epoll, operation, connection->descriptor, &event) < 0)
        fail("epoll_ctl");
}

static void send_more(struct connection *connection)
{
    const struct request *request = connection->request;
    while (connection->sent < request->count) {
        ssize_t count = send(connection->descriptor, request->bytes + connection->sent,
            request->count - connection->sent, MSG_NOSIGNAL);
        if (count < 0 && errno != EAGAIN)
            fail("send");
        if (count < 0)
            break;
        connection->sent += count;
    }
    int awaits_room = connection->sent < request->count;
    if (awaits_room != connection->awaits_room) {
        connection->awaits_room = awaits_room;
        watch(connection, EPOLL_CTL_MOD, EPOLLIN | (awaits_room ? EPOLLOUT : 0));
    }
}

static void begin(struct connection *connection, uint64_t due)
{
    static unsigned number;
    if (connection->request->number) {
        char digits[16];
        snprintf(digits, sizeof digits, "%08u", ++number % 100000000);
        memcpy(connection->request->number, digits, 8);
    }
    connection->due = due;
    connection->running = 1;
    connection->sent = connection->head_count = 0;
    connection->content_left = -1;
    send_more(connection);
}

// Reads status and length from a whole head; what came after it is content.
static void read_head(struct connection *connection, char *end)
{
    *end = 0;
    char *line = connection->head;
    if (strncmp(line, "HTTP/1.", 7) != 0 || strlen(line) < 12)
        fail("no HTTP answer");
    const char *status = line + 9;
    if (strncmp(status, expected_status, strlen(expected_status)) != 0) {
        if (wrong++ == 0)
            fprintf(stderr, "load: an answer begins with %.60s\n", line);
    }
    int64_t length = strncmp(status, "204", 3) == 0 || strncmp(status, "304", 3) == 0 ? 0 : -1;
    while (length < 0 && (line = strstr(line, "\r\n"))) {
        line += 2;
        if (strncasecmp(line, "content-length:", 15) == 0)
            length = strtoll(line + 15, NULL, 10);
    }
    if (length < 0)
        fail("an answer without Content-Length");
    int64_t beyond = connection->head + connection->head_count - (end + 4);
    if (beyond > length)
        fail("more content than was announced");
    connection->content_left = length - beyond;
}

static void finish(struct connection *connection, uint64_t time)
{
    connection->running = 0;
    if (counting) {
        answered++;
        note_latency(time - connection->due);
    }
    if (closed_loop) {
        asked++;
        begin(connection, time);
    } else if (connection->waiting > 0) {
        connection->waiting--;
        uint64_t due = connection->next_due;
        connection->next_due += period;
        begin(connection, due);
    }
}

// Takes what there is of an answer. True: it is whole.
static int receive(struct connection *connection)
{
    ssize_t count;
    if (connection->content_left < 0) {
        count = recv(connection->descriptor, connection->head + connection->head_count,
            head_limit - 1 - connection->head_count, 0);
    } else {
        static char nothing[1];
        size_t limit = connection->content_left < 1 << 30 ? connection->content_left : 1 << 30;
        count = recv(connection->descriptor, nothing, limit, MSG_TRUNC);
    }
    if (count < 0 && errno == EAGAIN)
        return 0;
    if (count <= 0) {
        if (count == 0)
            errno = ECONNRESET;
        fail("the server closed a connection");
    }
    if (counting)
        received += count;
    if (connection->content_left < 0) {
        connection->head_count += count;
        connection->head[connection->head_count] = 0;
        char *end = memmem(connection->head, connection->head_count, "\r\n\r\n", 4);
        if (end)
            read_head(connection, end);
        else if (connection->head_count == head_limit - 1)
            fail("a long head");
    } else {
        connection->content_left -= count;
    }
    return connection->content_left == 0;
}

static int connect_to(uint16_t port)
{
    struct sockaddr_in address = {
        .sin_family = AF_INET,
        .sin_port = htons(port),
        .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
    };
    int descriptor = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    struct timeval limit = {.tv_sec = patience};
    int on = 1;
    if (descriptor < 0 || connect(descriptor, (struct sockaddr *)&address, sizeof address) < 0
        || setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit) < 0
        || setsockopt(descriptor, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit) < 0
        || setsockopt(descriptor, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on) < 0)
        fail("connect");
    return descriptor;
}

// Opens all connections, one after the other, so that no queue of the server overflows.
static void open_all(uint16_t port, int warm, unsigned request_count)
{
    connections = calloc(connection_count, sizeof *connections);
    if (!connections)
        fail("calloc");
    for (unsigned index = 0; index < connection_count; index++) {
        struct connection *connection = &connections[index];
        connection->descriptor = connect_to(port);
        connection->request = &requests[index % request_count];
        watch(connection, EPOLL_CTL_ADD, EPOLLIN);
        if (warm) {
            begin(connection, now());
            if (connection->sent < connection->request->count)
                fail("send");
            errno = 0;
            while (!receive(connection))
                if (errno == EAGAIN)
                    fail("no answer");
            connection->running = 0;
        }
        int flags = fcntl(connection->descriptor, F_GETFL);
        fcntl(connection->descriptor, F_SETFL, flags | O_NONBLOCK);
    }
}

static void take_events(uint64_t wait_ns)
{
    struct epoll_event events[batch_limit];
    struct timespec wait = {.tv_sec = wait_ns / second, .tv_nsec = wait_ns % second};
    int ready = epoll_pwait2(epoll, events, batch_limit, &wait, NULL);
    if (ready < 0 && errno != EINTR)
        fail("epoll_pwait2");
    for (int index = 0; index < ready; index++) {
        struct connection *connection = events[index].data.ptr;
        if (connection->awaits_room && events[index].events & EPOLLOUT)
            send_more(connection);
        if (!(events[index].events & (EPOLLIN | EPOLLHUP | EPOLLERR)))
            continue;
        if (!connection->running)
            fail("the server says something that was not asked");
        if (receive(connection))
            finish(connection, now());
    }
}

// Asks for SECONDS, each connection for itself.
static void ask_again(uint64_t end)
{
    closed_loop = 1;
    uint64_t time = now();
    for (unsigned index = 0; index < connection_count; index++, asked++)
        begin(&connections[index], time);
    while ((time = now()) < end)
        take_events(end - time);
    closed_loop = 0;
}

// Asks for SECONDS for what is due.
static void ask_at_rate(uint64_t begin_time, uint64_t end, double rate)
{
    double gap = second / rate;
    period = (uint64_t)(connection_count * gap);
    uint64_t due = begin_time, time;
    while ((time = now()) < end) {
        for (; due <= time; asked++, due = begin_time + (uint64_t)(asked * gap)) {
            struct connection *connection = &connections[asked % connection_count];
            if (!connection->running)
                begin(connection, due);
            else if (connection->waiting++ == 0)
                connection->next_due = due;
        }
        // A wait has a cost of its own, so what is due at once is awaited awake.
        take_events(due > time + 20000 ? due - time - 10000 : 0);
    }
}

// Who measures at a rate must not wait for what it measures beside; where that is not allowed,
// never mind.
static void take_priority(int priority)
{
    struct sched_param parameters = {.sched_priority = priority};
    sched_setscheduler(0, priority > 0 ? SCHED_FIFO : SCHED_OTHER, &parameters);
}

static void run_round(double seconds, double rate)
{
    asked = answered = received = latency_max = 0;
    memset(latencies, 0, sizeof latencies);
    counting = 1;
    uint64_t begin_time = now(), end = begin_time + (uint64_t)(seconds * second), time;
    if (rate > 0) {
        take_priority(1);
        ask_at_rate(begin_time, end, rate);
    } else {
        ask_again(end);
    }
    end = now() + (uint64_t)patience * second;
    while (answered < asked && (time = now()) < end)
        take_events(end - time);
    take_priority(0);
    counting = 0;
    if (answered < asked)
        fail("no answer");
    printf("{\"requests\": %llu, \"bytes\": %llu, \"seconds\": %.6f, \"wrong\": %llu, "
           "\"p50\": %.1f, \"p99\": %.1f, \"p999\": %.1f, \"max\": %.1f}\n",
        (unsigned long long)answered, (unsigned long long)received,
        (now() - begin_time) / (double)second, (unsigned long long)wrong, percentile(0.5),
        percentile(0.99), percentile(0.999), latency_max / 1000.0);
    fflush(stdout);
}

static struct request map_request(const char *path)
{
    int descriptor = open(path, O_RDONLY | O_CLOEXEC);
    struct stat status;
    if (descriptor < 0 || fstat(descriptor, &status) < 0)
        fail(path);
    struct request request = {.count = status.st_size};
    request.bytes = mmap(NULL, request.count, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_POPULATE,
        descriptor, 0);
    if (request.bytes == MAP_FAILED)
        fail(path);
    close(descriptor);
    static const char place[] = "-00000000.";
    const char *line_end = memchr(request.bytes, '\r', request.count);
    if (line_end)
        request.number = memmem(request.bytes, line_end - request.bytes, place, sizeof place - 1);
    if (request.number)
        request.number++;
    return request;
}

static void prepare(void)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
        limit.rlim_cur = limit.rlim_max;
        setrlimit(RLIMIT_NOFILE, &limit);
    }
    prctl(PR_SET_TIMERSLACK, 1UL);
    epoll = epoll_create1(EPOLL_CLOEXEC);
    if (epoll < 0)
        fail("epoll_create1");
}

int main(int count, char **arguments)
{
    if (count < 6) {
        fprintf(stderr, "usage: load PORT CONNECTIONS STATUS WARM REQUEST-FILE...\n");
        return 64;
    }
    connection_count = strtoul(arguments[2], NULL, 10);
    expected_status = arguments[3];
    unsigned request_count = count - 5;
    requests = calloc(request_count, sizeof *requests);
    for (unsigned index = 0; index < request_count; index++)
        requests[index] = map_request(arguments[5 + index]);
    prepare();
    open_all(atoi(arguments[1]), atoi(arguments[4]), request_count);
    puts("ready");
    fflush(stdout);

    char line[256];
    while (fgets(line, sizeof line, stdin)) {
        double seconds, rate;
        if (sscanf(line, "%lf %lf", &seconds, &rate) == 2)
            run_round(seconds, rate);
    }
    return 0;
}
