// Counts what a program asks of the heap. Loaded before the C library:
//
//     LD_PRELOAD=counter.so COUNT_FILE=counts program
//
// The counters are in COUNT_FILE, which must have room for them: three 64-bit numbers in the byte
// order of the machine. Another process may read them at any time.

#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

struct counters {
    uint64_t allocations;   // malloc, calloc, realloc and the aligned ones
    uint64_t frees;         // free of something
    uint64_t maps;          // mmap, called by the program itself
};

static struct counters before_start;
static struct counters *counters = &before_start;

// The C library's own, under names that are not replaced here.
extern void *__libc_malloc(size_t);
extern void *__libc_calloc(size_t, size_t);
extern void *__libc_realloc(void *, size_t);
extern void *__libc_memalign(size_t, size_t);
extern void __libc_free(void *);

static void count(uint64_t *counter)
{
    __atomic_fetch_add(counter, 1, __ATOMIC_RELAXED);
}

__attribute__((constructor)) static void start(void)
{
    const char *path = getenv("COUNT_FILE");
    int file = path ? open(path, O_RDWR | O_CLOEXEC) : -1;
    if (file < 0)
        return;
    void *shared = (void *)syscall(
        SYS_mmap, NULL, sizeof *counters, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    close(file);
    if (shared != MAP_FAILED)
        counters = shared;
}

void *malloc(size_t size)
{
    count(&counters->allocations);
    return __libc_malloc(size);
}

void *calloc(size_t number, size_t size)
{
    count(&counters->allocations);
    return __libc_calloc(number, size);
}

void *realloc(void *old, size_t size)
{
    count(&counters->allocations);
    return __libc_realloc(old, size);
}

void *memalign(size_t alignment, size_t size)
{
    count(&counters->allocations);
    return __libc_memalign(alignment, size);
}

void *aligned_alloc(size_t alignment, size_t size)
{
    return memalign(alignment, size);
}

int posix_memalign(void **result, size_t alignment, size_t size)
{
    if (alignment % sizeof(void *) != 0 || (alignment & (alignment - 1)) != 0 || alignment == 0)
        return EINVAL;
    void *memory = memalign(alignment, size);
    if (!memory)
        return ENOMEM;
    *result = memory;
    return 0;
}

void free(void *memory)
{
    if (memory)
        count(&counters->frees);
    __libc_free(memory);
}

void *mmap(void *address, size_t size, int protection, int flags, int file, off_t offset)
{
    count(&counters->maps);
    return (void *)syscall(SYS_mmap, address, size, protection, flags, file, offset);
}
