/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/notify.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

bool mw_notify(const char *state) {
    const char *path = getenv("NOTIFY_SOCKET");
    struct sockaddr_un a = {.sun_family = AF_UNIX};
    size_t n = path == NULL ? 0 : strlen(path);
    if (n < 2 || n >= sizeof a.sun_path || (path[0] != '/' && path[0] != '@'))
        return false;
    memcpy(a.sun_path, path, n);
    if (path[0] == '@')
        a.sun_path[0] = 0; /* an abstract name */
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return false;
    socklen_t length = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + n);
    size_t size = strlen(state);
    ssize_t sent =
        sendto(fd, state, size, MSG_NOSIGNAL | MSG_DONTWAIT, (const struct sockaddr *)&a, length);
    (void)close(fd);
    return sent == (ssize_t)size;
}

mw_dur mw_notify_watchdog(void) {
    const char *pid = getenv("WATCHDOG_PID");
    const char *usec = getenv("WATCHDOG_USEC");
    if (usec == NULL || (pid != NULL && strtoll(pid, NULL, 10) != (long long)getpid()))
        return (mw_dur){0};
    long long us = strtoll(usec, NULL, 10);
    return us <= 0 || us > INT64_C(86400000000) ? (mw_dur){0} : mw_dur_us(us);
}
