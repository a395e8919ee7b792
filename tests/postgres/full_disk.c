/* SPDX-License-Identifier: Apache-2.0
 *
 * A disk that can be full, preloaded into a database server of many processes: while the file that
 * MW_FULL_DISK_FLAG names exists, no file under a folder "data" grows (ENOSPC). What is there may be
 * overwritten, as on a real disk.
 *
 * Not the layer of tests/faults: that one counts bytes in one process, and remembers all of them.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

static int is_full(int fd, off_t end) {
    const char *flag = getenv("MW_FULL_DISK_FLAG");
    struct stat st;
    char link[40], path[300];
    if (flag == NULL || access(flag, F_OK) != 0 || fstat(fd, &st) != 0 || !S_ISREG(st.st_mode) ||
        end <= st.st_size)
        return 0;
    (void)snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t n = readlink(link, path, sizeof path - 1);
    if (n <= 0)
        return 0;
    path[n] = 0;
    return strstr(path, "/data/") != NULL;
}

static ssize_t full(void) {
    errno = ENOSPC;
    return -1;
}

ssize_t write(int fd, const void *p, size_t n) {
    if (is_full(fd, (off_t)(syscall(SYS_lseek, fd, 0, SEEK_CUR) + (long)n)))
        return full();
    return syscall(SYS_write, fd, p, n);
}

ssize_t pwrite(int fd, const void *p, size_t n, off_t at) {
    return is_full(fd, at + (off_t)n) ? full() : syscall(SYS_pwrite64, fd, p, n, at);
}

ssize_t pwritev(int fd, const struct iovec *parts, int count, off_t at) {
    off_t end = at;
    for (int i = 0; i < count; i++)
        end += (off_t)parts[i].iov_len;
    return is_full(fd, end) ? full() : syscall(SYS_pwritev, fd, parts, count, at, 0);
}
