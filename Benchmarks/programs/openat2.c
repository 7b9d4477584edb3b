// openat2(2) for a daemon under valgrind 3.19, which does not know it. Loaded before the C library.
//
// It opens with openat(2), so it does not confine: only for counting the instructions of requests
// for files that are there.

#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdarg.h>
#include <sys/syscall.h>

long syscall(long number, ...)
{
    static long (*next)(long, ...);
    va_list list;
    va_start(list, number);
    long arguments[6];
    for (int index = 0; index < 6; index++)
        arguments[index] = va_arg(list, long);
    va_end(list);
    if (number == SYS_openat2) {
        const struct open_how *how = (const struct open_how *)arguments[2];
        return openat(arguments[0], (const char *)arguments[1], how->flags, how->mode);
    }
    if (!next)
        *(void **)&next = dlsym(RTLD_NEXT, "syscall");
    return next(number, arguments[0], arguments[1], arguments[2], arguments[3], arguments[4],
        arguments[5]);
}
