/* SPDX-License-Identifier: Apache-2.0 */
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/assert.h"
#include "runtime/http_server_priv.h"

static const struct {
    const char *extension;
    const char *type;
} mw_http_types[] = {
    {"html", "text/html; charset=utf-8"},
    {"js", "text/javascript; charset=utf-8"},
    {"mjs", "text/javascript; charset=utf-8"},
    {"css", "text/css; charset=utf-8"},
    {"json", "application/json"},
    {"map", "application/json"},
    {"webmanifest", "application/manifest+json"},
    {"svg", "image/svg+xml"},
    {"png", "image/png"},
    {"jpg", "image/jpeg"},
    {"ico", "image/x-icon"},
    {"woff2", "font/woff2"},
    {"txt", "text/plain; charset=utf-8"},
    {"md", "text/markdown; charset=utf-8"},
    {"wasm", "application/wasm"},
};

static const char *mw_http_type_of(const char *path) {
    const char *dot = strrchr(path, '.');
    for (size_t i = 0; dot != NULL && i < sizeof mw_http_types / sizeof mw_http_types[0]; i++)
        if (strcmp(dot + 1, mw_http_types[i].extension) == 0)
            return mw_http_types[i].type;
    return "application/octet-stream";
}

mw_status mw_http_server_static(mw_http_server *s, const char *folder) {
    char *root = realpath(folder, NULL);
    if (root == NULL)
        return MW_NOT_FOUND;
    free(s->static_root);
    s->static_root = root;
    return MW_OK;
}

/* Opens root + path when it is a regular file inside root after all links; -1 otherwise. */
static int mw_http_static_open(const char *root, const char *path, struct stat *out_stat) {
    char name[PATH_MAX];
    int n = snprintf(name, sizeof name, "%s%s", root, path);
    if (n < 0 || (size_t)n >= sizeof name)
        return -1;
    char *real = realpath(name, NULL);
    size_t root_n = strlen(root);
    int fd = -1;
    if (real != NULL && strncmp(real, root, root_n) == 0 && real[root_n] == '/')
        fd = open(real, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    free(real);
    if (fd >= 0 && (fstat(fd, out_stat) != 0 || !S_ISREG(out_stat->st_mode))) {
        (void)close(fd);
        return -1;
    }
    return fd;
}

/* The index page of the longest folder of the path that has one; *io_path becomes its name. */
static int mw_http_static_index(const char *root, char path[PATH_MAX], struct stat *out_stat) {
    char folder[PATH_MAX];
    (void)snprintf(folder, sizeof folder, "%s", path);
    for (;;) {
        char *slash = strrchr(folder, '/');
        if (slash == NULL)
            return -1;
        *slash = 0;
        if (snprintf(path, PATH_MAX, "%.*s/index.html", PATH_MAX - 16, folder) < 0)
            return -1;
        int fd = mw_http_static_open(root, path, out_stat);
        if (fd >= 0)
            return fd;
    }
}

/* Paths whose first part belongs to a route are the API's, never a page. */
static bool mw_http_static_is_api(const mw_http_server *s, const mw_http_request *r) {
    if (r->segments_n == 0)
        return false;
    size_t n = strlen(r->segments[0]);
    for (size_t i = 0; i < s->routes_n; i++) {
        const char *first = s->routes[i].pattern + 1;
        if (strncmp(first, r->segments[0], n) == 0 && (first[n] == '/' || first[n] == 0))
            return true;
    }
    return false;
}

static int mw_http_static_find(const mw_http_server *s, const mw_http_request *r,
                               char path[PATH_MAX], struct stat *out_stat) {
    if (mw_http_static_is_api(s, r))
        return -1;
    for (size_t i = 0; i < r->segments_n; i++)
        if (r->segments[i][0] == '.')
            return -1;
    if (strlen(r->path) > PATH_MAX - 32)
        return -1;
    (void)snprintf(path, PATH_MAX, "%s", r->path);
    const char *last = strrchr(path, '/') + 1;
    int fd = *last == 0 ? -1 : mw_http_static_open(s->static_root, path, out_stat);
    if (fd >= 0 || strchr(last, '.') != NULL)
        return fd;
    return mw_http_static_index(s->static_root, path, out_stat);
}

void mw_http_static_serve(mw_http_request *r) {
    const mw_http_server *s = r->conn->server;
    char path[PATH_MAX];
    struct stat st;
    int fd = mw_http_static_find(s, r, path, &st);
    if (fd < 0) {
        mw_http_reply_error(r, MW_NOT_FOUND, "no such resource");
        return;
    }
    char tag[64];
    (void)snprintf(tag, sizeof tag, "\"%llx-%llx.%lx\"", (unsigned long long)st.st_size,
                   (unsigned long long)st.st_mtim.tv_sec, (unsigned long)st.st_mtim.tv_nsec);
    /* names under /assets/ carry a hash of the contents, all others are asked for again */
    bool hashed = r->segments_n > 1 && strcmp(r->segments[r->segments_n - 2], "assets") == 0;
    mw_http_reply reply = {
        .status = 200,
        .content_type = mw_http_type_of(path),
        .headers = {
            {"ETag", tag},
            {"Cache-Control", hashed ? "public, max-age=31536000, immutable" : "no-cache"}}};
    const char *known = mw_http_header(r, "If-None-Match");
    if (known != NULL && strstr(known, tag) != NULL) {
        (void)close(fd);
        reply.status = 304;
        reply.content_type = NULL;
        mw_http_reply_send(r, &reply);
        return;
    }
    struct MHD_Response *response = MHD_create_response_from_fd64((uint64_t)st.st_size, fd);
    if (response == NULL)
        (void)close(fd);
    else
        mw_http_response_fields(r, response, &reply, true);
    mw_http_request_answer(r, 200, response);
}
