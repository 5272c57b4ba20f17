/* A program whose calendar is ahead of this machine's: LD_PRELOAD, and BURSAR_AHEAD_SECONDS; or moved while it runs:
   BURSAR_CLOCK_FILE, which holds eight bytes, by how many seconds it is ahead besides. The monotonic clock, by which
   the program waits, is left alone. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

static const volatile long *moved;
static long ahead;

__attribute__((constructor)) static void open_clock(void) {
    const char *seconds = getenv("BURSAR_AHEAD_SECONDS");
    if (seconds) ahead = atol(seconds);
    const char *name = getenv("BURSAR_CLOCK_FILE");
    const int file = name ? open(name, O_RDONLY | O_CLOEXEC) : -1;
    if (file < 0) return;
    void *page = mmap(NULL, sizeof *moved, PROT_READ, MAP_SHARED, file, 0);
    if (page != MAP_FAILED) moved = page;
    close(file);
}

int clock_gettime(clockid_t clock, struct timespec *at) {
    const int failed = (int)syscall(SYS_clock_gettime, clock, at);
    if (!failed && (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE)) at->tv_sec += ahead + (moved ? *moved : 0);
    return failed;
}

int gettimeofday(struct timeval *restrict at, void *restrict zone) {
    struct timespec now;
    (void)zone;
    clock_gettime(CLOCK_REALTIME, &now);
    at->tv_sec = now.tv_sec;
    at->tv_usec = now.tv_nsec / 1000;
    return 0;
}

time_t time(time_t *at) {
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    if (at) *at = now.tv_sec;
    return now.tv_sec;
}
