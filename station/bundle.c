/* SPDX-License-Identifier: Apache-2.0 */
#include "station/bundle.h"

#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "runtime/file.h"
#include "runtime/json_read.h"

#define MAGIC_BYTES 8
#define HEAD_BYTES  (MAGIC_BYTES + 4)
#define SIGNATURE   crypto_sign_BYTES
#define PIECE       65536
static const char magic[] = "MWBUNDL1";

static mw_status bundle_why(char why[160], mw_status status, const char *text, const char *detail) {
    (void)snprintf(why, 160, "%s%.100s", text, detail);
    return status;
}

static bool path_is_good(const char *path) {
    static const char allowed[] =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-/";
    size_t n = strlen(path);
    if (n == 0 || n >= MW_BUNDLE_PATH_MAX || strspn(path, allowed) != n || path[n - 1] == '/')
        return false;
    for (const char *at = path; at != NULL; at = strchr(at, '/')) {
        at += *at == '/' && at != path;
        if (*at == '/' || *at == '.')
            return false; /* an absolute path, an empty part, "." or "..", a hidden file */
    }
    return true;
}

static mw_status bundle_file(const json_t *item, mw_bundle_file *out, char why[160]) {
    const char *path = "";
    int64_t mode = 0;
    size_t hash_n = 0;
    mw_json_error error = {0};
    mw_status status = json_is_object(item)
                           ? mw_json_get_text(item, "path", MW_BUNDLE_PATH_MAX - 1, &path, &error)
                           : MW_SYNTAX;
    if (status == MW_OK)
        status = mw_json_get_int(item, "mode", 0, 0777, &mode, &error);
    if (status == MW_OK)
        status = mw_json_get_int(item, "size", 0, MW_BUNDLE_FILE_MAX, &out->size, &error);
    if (status == MW_OK)
        status = mw_json_get_hex(item, "hash", MW_SPAN_OF(out->hash), &hash_n, &error);
    if (status != MW_OK)
        return bundle_why(why, status, "a file of the bundle: ", error.text);
    if (hash_n != sizeof out->hash)
        return bundle_why(why, MW_SYNTAX, "a hash of the bundle is too short", "");
    if (!path_is_good(path))
        return bundle_why(why, MW_SYNTAX, "a path in the bundle is not allowed: ", path);
    (void)snprintf(out->path, sizeof out->path, "%s", path);
    out->mode = (uint32_t)mode;
    return MW_OK;
}

static mw_status bundle_text(const json_t *root, const char *key, char *out, size_t room,
                             char why[160]) {
    const char *text = "";
    mw_json_error error = {0};
    mw_status status = mw_json_get_text(root, key, room - 1, &text, &error);
    if (status != MW_OK)
        return bundle_why(why, status, "the bundle's header: ", error.text);
    (void)snprintf(out, room, "%s", text);
    return MW_OK;
}

static mw_status bundle_header(const json_t *root, mw_bundle *b, char why[160]) {
    json_t *files = NULL;
    mw_json_error error = {0};
    MW_TRY(bundle_text(root, "kind", b->kind, sizeof b->kind, why));
    MW_TRY(bundle_text(root, "version", b->version, sizeof b->version, why));
    MW_TRY(bundle_text(root, "station", b->station, sizeof b->station, why));
    mw_status status = mw_json_get_int(root, "counter", 1, INT64_MAX, &b->counter, &error);
    if (status == MW_OK)
        status = mw_json_get_array(root, "files", MW_BUNDLE_FILES_MAX, &files, &error);
    if (status != MW_OK)
        return bundle_why(why, status, "the bundle's header: ", error.text);
    b->files_n = json_array_size(files);
    if (b->files_n == 0)
        return bundle_why(why, MW_RANGE, "the bundle is empty", "");
    for (size_t i = 0; i < b->files_n; i++) {
        MW_TRY(bundle_file(json_array_get(files, i), &b->files[i], why));
        for (size_t k = 0; k < i; k++)
            if (strcmp(b->files[i].path, b->files[k].path) == 0)
                return bundle_why(why, MW_DUPLICATE,
                                  "a path is twice in the bundle: ", b->files[i].path);
    }
    return MW_OK;
}

mw_status mw_bundle_decode(mw_slice in, mw_bundle *out_bundle, char why[160]) {
    mw_reader r = mw_reader_of(in);
    mw_slice word = mw_read_bytes(&r, MAGIC_BYTES);
    uint32_t n = mw_read_u32le(&r);
    why[0] = 0;
    if (r.status != MW_OK || !mw_slice_equal(word, mw_slice_of_str(magic)))
        return bundle_why(why, r.status == MW_OK ? MW_SYNTAX : r.status, "not a bundle", "");
    if (n == 0 || n > MW_BUNDLE_HEADER_MAX)
        return bundle_why(why, MW_LIMIT, "the bundle's header is too large", "");
    mw_slice header = mw_read_bytes(&r, n);
    (void)mw_read_bytes(&r, SIGNATURE);
    if (r.status != MW_OK)
        return bundle_why(why, r.status, "the bundle is cut off", "");
    mw_json_limits limits = {.bytes_max = MW_BUNDLE_HEADER_MAX, .depth_max = 4};
    json_t *root = NULL;
    mw_json_error error = {0};
    mw_status status = mw_json_parse(header, limits, &root, &error);
    if (status != MW_OK)
        return bundle_why(why, status, "the bundle's header: ", error.text);
    mw_bundle *b = calloc(1, sizeof *b);
    status = b == NULL ? MW_NOMEM : bundle_header(root, b, why);
    json_decref(root);
    if (status == MW_OK) {
        b->data_at = r.at;
        *out_bundle = *b;
    }
    free(b);
    return status;
}

mw_status mw_bundle_keys(const char *path, uint8_t out_keys[MW_BUNDLE_KEYS_MAX][32],
                         size_t *out_n) {
    mw_buffer text;
    size_t n = 0;
    mw_buffer_init(&text, 16384);
    mw_status status = mw_file_read(path, &text);
    const char *at = mw_buffer_text(&text);
    while (status == MW_OK && *at != 0) {
        size_t line = strcspn(at, "\r\n");
        if (line > 0 && *at != '#') {
            if (n == MW_BUNDLE_KEYS_MAX)
                status = MW_LIMIT;
            else if (line != 64)
                status = MW_SYNTAX;
            else
                status = mw_hex_decode((mw_slice){(const uint8_t *)at, 64},
                                       (mw_span){out_keys[n++], 32});
        }
        at += line;
        at += strspn(at, "\r\n");
    }
    mw_buffer_fini(&text);
    if (status == MW_OK && n == 0)
        status = MW_NOT_FOUND;
    if (status == MW_OK)
        *out_n = n;
    return status;
}

/* ---- reading ---- */

static mw_status read_exactly(int fd, uint8_t *out, size_t n) {
    while (n > 0) {
        ssize_t got = read(fd, out, n);
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            return got == 0 ? MW_SHORT : MW_IO;
        out += got;
        n -= (size_t)got;
    }
    return MW_OK;
}

/* Copies one file of the bundle to `to` (-1: nowhere) and compares its hash. */
static mw_status copy_file(int fd, const mw_bundle_file *file, int to) {
    static uint8_t piece[PIECE];
    uint8_t hash[32];
    crypto_generichash_state state;
    (void)crypto_generichash_init(&state, NULL, 0, sizeof hash);
    for (int64_t left = file->size; left > 0;) {
        size_t n = left < PIECE ? (size_t)left : PIECE;
        MW_TRY(read_exactly(fd, piece, n));
        (void)crypto_generichash_update(&state, piece, n);
        if (to >= 0)
            MW_TRY(mw_file_write_all(to, (mw_slice){piece, n}));
        left -= (int64_t)n;
    }
    (void)crypto_generichash_final(&state, hash, sizeof hash);
    return mw_slice_equal(MW_SLICE_OF(hash), MW_SLICE_OF(file->hash)) ? MW_OK : MW_CHECKSUM;
}

static mw_status check_signature(mw_slice head, size_t signed_n, const char *keys_path,
                                 char why[160]) {
    uint8_t keys[MW_BUNDLE_KEYS_MAX][32];
    size_t n = 0;
    mw_status status = mw_bundle_keys(keys_path, keys, &n);
    if (status != MW_OK)
        return bundle_why(why, status, "no keys to check signatures by: ", keys_path);
    for (size_t i = 0; i < n; i++)
        if (crypto_sign_verify_detached(head.p + signed_n, head.p, signed_n, keys[i]) == 0)
            return MW_OK;
    return bundle_why(why, MW_AUTH, "the bundle is not signed by a key of ", keys_path);
}

static mw_status check_open(int fd, const char *keys_path, const char *kind, const char *station,
                            mw_bundle *out_bundle, char why[160]) {
    static uint8_t head[HEAD_BYTES + MW_BUNDLE_HEADER_MAX + SIGNATURE];
    mw_status status = read_exactly(fd, head, HEAD_BYTES);
    if (status != MW_OK)
        return bundle_why(why, status, "not a bundle", "");
    mw_reader r = mw_reader_of((mw_slice){head + MAGIC_BYTES, 4});
    uint32_t n = mw_read_u32le(&r);
    if (memcmp(head, magic, MAGIC_BYTES) != 0 || n == 0 || n > MW_BUNDLE_HEADER_MAX)
        return bundle_why(why, MW_SYNTAX, "not a bundle", "");
    status = read_exactly(fd, head + HEAD_BYTES, n + SIGNATURE);
    if (status != MW_OK)
        return bundle_why(why, status, "the bundle is cut off", "");
    mw_slice all = {head, HEAD_BYTES + n + SIGNATURE};
    MW_TRY(check_signature(all, HEAD_BYTES + n, keys_path, why)); /* before anything is believed */
    MW_TRY(mw_bundle_decode(all, out_bundle, why));
    if (strcmp(out_bundle->kind, kind) != 0)
        return bundle_why(why, MW_STATE, "the bundle is of another kind: ", out_bundle->kind);
    if (strcmp(out_bundle->station, "*") != 0 && strcmp(out_bundle->station, station) != 0)
        return bundle_why(why, MW_AUTH, "the bundle is for another station: ", out_bundle->station);
    for (size_t i = 0; i < out_bundle->files_n; i++) {
        status = copy_file(fd, &out_bundle->files[i], -1);
        if (status != MW_OK)
            return bundle_why(why, status, "damaged in the bundle: ", out_bundle->files[i].path);
    }
    uint8_t more;
    return read(fd, &more, 1) == 0
               ? MW_OK
               : bundle_why(why, MW_SYNTAX, "there is something behind the bundle's end", "");
}

mw_status mw_bundle_check(const char *path, const char *keys_path, const char *kind,
                          const char *station, mw_bundle *out_bundle, char why[160]) {
    why[0] = 0;
    if (sodium_init() < 0)
        return bundle_why(why, MW_NOMEM, "no random numbers", "");
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return bundle_why(why, MW_NOT_FOUND, strerror(errno), "");
    mw_status status = check_open(fd, keys_path, kind, station, out_bundle, why);
    (void)close(fd);
    return status;
}

static mw_status unpack_one(int fd, const mw_bundle_file *file, const char *folder) {
    char path[4096];
    if ((size_t)snprintf(path, sizeof path, "%s/%s", folder, file->path) >= sizeof path)
        return MW_RANGE;
    char *slash = strrchr(path, '/');
    *slash = 0;
    MW_TRY(mw_file_make_folders(path, 0755));
    *slash = '/';
    int to = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, (mode_t)file->mode);
    if (to < 0)
        return mw_file_status_of_errno(errno);
    mw_status status = copy_file(fd, file, to);
    if (status == MW_OK && fchmod(to, (mode_t)file->mode) != 0)
        status = MW_IO;
    if (status == MW_OK && fsync(to) != 0)
        status = errno == ENOSPC ? MW_SPACE : MW_IO;
    if (close(to) != 0 && status == MW_OK)
        status = MW_IO;
    *slash = 0;
    return status == MW_OK ? mw_file_sync_folder(path) : status;
}

mw_status mw_bundle_unpack(const char *path, const mw_bundle *bundle, const char *folder,
                           char why[160]) {
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0 || lseek(fd, (off_t)bundle->data_at, SEEK_SET) < 0) {
        if (fd >= 0)
            (void)close(fd);
        return bundle_why(why, MW_IO, strerror(errno), "");
    }
    mw_status status = MW_OK;
    for (size_t i = 0; status == MW_OK && i < bundle->files_n; i++) {
        status = unpack_one(fd, &bundle->files[i], folder);
        if (status != MW_OK)
            (void)bundle_why(why, status, "cannot be unpacked: ", bundle->files[i].path);
    }
    (void)close(fd);
    return status == MW_OK ? mw_file_sync_folder(folder) : status;
}
