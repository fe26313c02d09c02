/* Preloaded into a batch: counts what it writes below one folder, and fails or dies at the n-th.
 *
 * FAULTS_DIR  the folder, as an absolute path without links
 * FAULTS_AT   the number of the call, from 1; 0 only counts
 * FAULTS_DO   kill: SIGKILL, after half of the bytes if it is a write
 *             an errno (28 ENOSPC, 5 EIO): this call fails with it
 * FAULTS_FOR  how many calls fail from there on; the disk stays full if that is large
 * FAULTS_LOG  a file to which the name of each counted call is written, a line each
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <unistd.h>

static atomic_long calls;

static long number_in(const char *name) {
    const char *text = getenv(name);
    return text ? atol(text) : 0;
}

static int is_below(const char *path) {
    const char *dir = getenv("FAULTS_DIR");
    return dir && path && strncmp(path, dir, strlen(dir)) == 0;
}

static int is_fd_below(int fd) {
    char link[64], path[PATH_MAX];
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t length = readlink(link, path, sizeof path - 1);
    if (length < 0) return 0;
    path[length] = 0;
    return is_below(path);
}

static void note(const char *name) {
    const char *log = getenv("FAULTS_LOG");
    if (!log) return;
    int fd = syscall(SYS_openat, AT_FDCWD, log, O_WRONLY | O_CREAT | O_APPEND, 0644);
    char line[64];
    int length = snprintf(line, sizeof line, "%s\n", name);
    syscall(SYS_write, fd, line, length);
    syscall(SYS_close, fd);
}

/* 0: go on. -1: fail, errno is set. 1: die, after half of the call if it can be halved. */
static int verdict(const char *name) {
    long number = atomic_fetch_add(&calls, 1) + 1;
    note(name);
    long at = number_in("FAULTS_AT");
    const char *what = getenv("FAULTS_DO");
    if (at == 0 || number < at || !what) return 0;
    if (strcmp(what, "kill") == 0) return number == at;
    long most = number_in("FAULTS_FOR");
    if (number >= at + (most ? most : 1)) return 0;
    errno = atoi(what);
    return -1;
}

static void die(void) {
    syscall(SYS_kill, getpid(), SIGKILL);
    for (;;) pause();
}

#define REAL(name) ((typeof(&name))dlsym(RTLD_NEXT, #name))
#define GUARD(name, concerns, half)                    \
    if (concerns) {                                    \
        int told = verdict(#name);                     \
        if (told < 0) return -1;                       \
        if (told > 0) { half; die(); }                 \
    }

ssize_t write(int fd, const void *bytes, size_t count) {
    GUARD(write, is_fd_below(fd), syscall(SYS_write, fd, bytes, count / 2))
    return REAL(write)(fd, bytes, count);
}

ssize_t pwrite64(int fd, const void *bytes, size_t count, off64_t at) {
    GUARD(pwrite64, is_fd_below(fd), syscall(SYS_pwrite64, fd, bytes, count / 2, at))
    return REAL(pwrite64)(fd, bytes, count, at);
}

int fsync(int fd) {
    GUARD(fsync, is_fd_below(fd), )
    return REAL(fsync)(fd);
}

int fdatasync(int fd) {
    GUARD(fdatasync, is_fd_below(fd), )
    return REAL(fdatasync)(fd);
}

int sync_file_range(int fd, off64_t at, off64_t count, unsigned flags) {
    GUARD(sync_file_range, is_fd_below(fd), )
    return REAL(sync_file_range)(fd, at, count, flags);
}

int ftruncate64(int fd, off64_t length) {
    GUARD(ftruncate64, is_fd_below(fd), )
    return REAL(ftruncate64)(fd, length);
}

int fallocate64(int fd, int mode, off64_t at, off64_t count) {
    GUARD(fallocate64, is_fd_below(fd), )
    return REAL(fallocate64)(fd, mode, at, count);
}

int rename(const char *from, const char *to) {
    GUARD(rename, is_below(to), )
    return REAL(rename)(from, to);
}

int unlink(const char *path) {
    GUARD(unlink, is_below(path), )
    return REAL(unlink)(path);
}
