// Stores files durably as fast as the disk takes them, without HTTP: what a server is measured by.
//
//     commits DIRECTORY THREADS
//
// Each thread does again and again what a server must do for a durable upload: open a file with a
// temporary name, write 64 KiB, flush, close, rename, flush the directory. Flushes of files are
// each thread's own. One flush of the directory is for all that were renamed before it began. So
// one thread does all for one file at a time, and many as much together as the disk allows.
//
// For each line `SECONDS` that it reads it makes a round and prints a line of figures. Threads and
// directory stay open between, and new names are never those of an earlier round.

#define _GNU_SOURCE
#include <fcntl.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/random.h>
#include <time.h>
#include <unistd.h>

enum { content_bytes = 64 << 10, second = 1000000000 };

static char content[content_bytes];
static int directory;
static pthread_barrier_t round_begins, round_ends;
static uint64_t end_time;               // of the running round
static uint64_t stored;                 // files of the running round, of all threads

// The flushes of the directory, by number. One runs at a time.
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t flush_ended = PTHREAD_COND_INITIALIZER;
static uint64_t begun, ended;

static void fail(const char *what)
{
    perror(what);
    exit(1);
}

static uint64_t now(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (uint64_t)time.tv_sec * second + time.tv_nsec;
}

// Returns when a flush of the directory that began after this call has ended. Who finds none
// running does it, for all who came before it began.
static void flush_directory(void)
{
    pthread_mutex_lock(&lock);
    uint64_t needed = begun + 1;
    while (ended < needed) {
        if (begun > ended) {
            pthread_cond_wait(&flush_ended, &lock);
            continue;
        }
        begun++;
        pthread_mutex_unlock(&lock);
        if (fsync(directory) < 0)
            fail("fsync");
        pthread_mutex_lock(&lock);
        ended++;
        pthread_cond_broadcast(&flush_ended);
    }
    pthread_mutex_unlock(&lock);
}

static void store(const char *temporary, const char *name)
{
    int file = openat(directory, temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
    if (file < 0 || write(file, content, content_bytes) != content_bytes || fsync(file) < 0
        || close(file) < 0 || renameat(directory, temporary, directory, name) < 0)
        fail(name);
    flush_directory();
}

static void *store_in_rounds(void *number)
{
    char temporary[32], name[64];
    snprintf(temporary, sizeof temporary, ".%zu", (size_t)number);
    for (uint64_t count = 0;;) {
        pthread_barrier_wait(&round_begins);
        uint64_t before = count;
        do {
            snprintf(name, sizeof name, "%zu-%ju.bin", (size_t)number, (uintmax_t)count++);
            store(temporary, name);
        } while (now() < end_time);
        __atomic_add_fetch(&stored, count - before, __ATOMIC_RELAXED);
        pthread_barrier_wait(&round_ends);
    }
    return NULL;
}

static void run_round(double seconds)
{
    uint64_t begin = now();
    end_time = begin + (uint64_t)(seconds * second);
    stored = 0;
    pthread_barrier_wait(&round_begins);
    pthread_barrier_wait(&round_ends);
    printf("{\"requests\": %llu, \"seconds\": %.6f}\n", (unsigned long long)stored,
        (now() - begin) / (double)second);
    fflush(stdout);
}

int main(int count, char **arguments)
{
    int threads = count == 3 ? atoi(arguments[2]) : 0;
    if (threads < 1) {
        fprintf(stderr, "usage: commits DIRECTORY THREADS\n");
        return 64;
    }
    directory = open(arguments[1], O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (directory < 0)
        fail(arguments[1]);
    if (getrandom(content, content_bytes, 0) != content_bytes)
        fail("getrandom");
    pthread_barrier_init(&round_begins, NULL, threads + 1);
    pthread_barrier_init(&round_ends, NULL, threads + 1);
    for (intptr_t number = 0; number < threads; number++) {
        pthread_t thread;
        if (pthread_create(&thread, NULL, store_in_rounds, (void *)number) != 0)
            fail("pthread_create");
    }
    double seconds;
    while (scanf("%lf", &seconds) == 1)
        run_round(seconds);
    return 0;
}
