/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/provision_port.h"

#include <fcntl.h>
#include <netdb.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <termios.h>
#include <unistd.h>

#define PATIENCE_MS 10000

static int unix_open(const char *path) {
    struct sockaddr_un a = {.sun_family = AF_UNIX};
    if (strlen(path) >= sizeof a.sun_path)
        return -1;
    strcpy(a.sun_path, path);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd >= 0 && connect(fd, (struct sockaddr *)&a, sizeof a) != 0) {
        close(fd);
        fd = -1;
    }
    return fd;
}

static int tcp_open(const char *name) {
    char host[256];
    const char *colon = strrchr(name, ':');
    if (colon == NULL || (size_t)(colon - name) >= sizeof host)
        return -1;
    snprintf(host, sizeof host, "%.*s", (int)(colon - name), name);
    struct addrinfo hint = {.ai_socktype = SOCK_STREAM}, *found = NULL;
    if (getaddrinfo(host, colon + 1, &hint, &found) != 0)
        return -1;
    int fd = -1;
    for (struct addrinfo *a = found; a != NULL && fd < 0; a = a->ai_next) {
        fd = socket(a->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
        if (fd >= 0 && connect(fd, a->ai_addr, a->ai_addrlen) != 0) {
            close(fd);
            fd = -1;
        }
    }
    freeaddrinfo(found);
    return fd;
}

static int serial_open(const char *path) {
    int fd = open(path, O_RDWR | O_NOCTTY | O_CLOEXEC);
    struct termios t;
    if (fd < 0)
        return -1;
    if (tcgetattr(fd, &t) == 0) {
        cfmakeraw(&t);
        cfsetspeed(&t, B115200);
        t.c_cflag |= CLOCAL | CREAD;
        if (tcsetattr(fd, TCSANOW, &t) == 0 && tcflush(fd, TCIOFLUSH) == 0)
            return fd;
    }
    close(fd);
    return -1;
}

mw_status provision_port_open(provision_port *p, const char *name) {
    *p = (provision_port){.fd = -1};
    if (strncmp(name, "unix:", 5) == 0)
        p->fd = unix_open(name + 5);
    else if (strncmp(name, "tcp:", 4) == 0)
        p->fd = tcp_open(name + 4);
    else
        p->fd = serial_open(name);
    return p->fd >= 0 ? MW_OK : MW_IO;
}

void provision_port_close(provision_port *p) {
    if (p->fd >= 0)
        close(p->fd);
    p->fd = -1;
}

static mw_status line_hear(provision_port *p, char *out, size_t size) {
    for (;;) {
        char *end = memchr(p->buffer, '\n', p->n);
        if (end != NULL) {
            size_t n = (size_t)(end - p->buffer), text = n < size - 1 ? n : size - 1;
            memcpy(out, p->buffer, text);
            out[text] = 0;
            if (text > 0 && out[text - 1] == '\r')
                out[text - 1] = 0;
            p->n -= n + 1;
            memmove(p->buffer, end + 1, p->n);
            return MW_OK;
        }
        if (p->n == sizeof p->buffer)
            return MW_SYNTAX;
        struct pollfd f = {.fd = p->fd, .events = POLLIN};
        if (poll(&f, 1, PATIENCE_MS) <= 0)
            return MW_TIMEOUT;
        ssize_t got = read(p->fd, p->buffer + p->n, sizeof p->buffer - p->n);
        if (got <= 0)
            return got == 0 ? MW_CLOSED : MW_IO;
        p->n += (size_t)got;
    }
}

static mw_status status_of(const char *name) {
    for (int s = 1; s < MW_STATUS_COUNT; s++)
        if (strcmp(mw_status_name((mw_status)s), name) == 0)
            return (mw_status)s;
    return MW_SYNTAX;
}

mw_status provision_port_ask(provision_port *p, const char *line,
                             char out_answer[MW_PRODUCTION_LINE + 1]) {
    char text[MW_PRODUCTION_LINE + 2];
    int n = snprintf(text, sizeof text, "%s\n", line);
    if (n < 0 || n > MW_PRODUCTION_LINE)
        return MW_RANGE;
    ssize_t put = write(p->fd, text, (size_t)n);
    mw_bytes_wipe(text, sizeof text); /* it may have held the key */
    if (put != n)
        return MW_IO;
    for (;;) {
        char heard[MW_PRODUCTION_LINE + 1];
        MW_TRY(line_hear(p, heard, sizeof heard));
        bool error = strncmp(heard, "error ", 6) == 0;
        if (!error && strcmp(heard, "ok") != 0 && strncmp(heard, "ok ", 3) != 0)
            continue;
        snprintf(out_answer, MW_PRODUCTION_LINE + 1, "%s",
                 heard + (error               ? 6
                          : strlen(heard) > 3 ? 3
                                              : 2));
        return error ? status_of(out_answer) : MW_OK;
    }
}
