/* SPDX-License-Identifier: Apache-2.0
 *
 * The signing side of bundles.
 */
#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "runtime/file.h"
#include "runtime/json_writer.h"
#include "station/bundle.h"

static mw_status write_key(const char *path, const uint8_t *key, size_t n, unsigned mode) {
    char hex[2 * crypto_sign_SECRETKEYBYTES + 1];
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, (mode_t)mode);
    if (fd < 0)
        return errno == EEXIST ? MW_DUPLICATE : mw_file_status_of_errno(errno);
    (void)sodium_bin2hex(hex, sizeof hex, key, n);
    mw_status status = mw_file_write_all(fd, mw_slice_of_str(hex));
    if (status == MW_OK)
        status = mw_file_write_all(fd, mw_slice_of_str("\n"));
    if (fsync(fd) != 0 && status == MW_OK)
        status = MW_IO;
    (void)close(fd);
    mw_bytes_wipe(hex, sizeof hex);
    return status;
}

mw_status mw_bundle_make_keys(const char *secret_path, const char *public_path) {
    uint8_t public_key[crypto_sign_PUBLICKEYBYTES];
    uint8_t secret[crypto_sign_SECRETKEYBYTES];
    if (sodium_init() < 0 || crypto_sign_keypair(public_key, secret) != 0)
        return MW_NOMEM;
    mw_status status = write_key(secret_path, secret, sizeof secret, 0600);
    mw_bytes_wipe(secret, sizeof secret);
    return status == MW_OK ? write_key(public_path, public_key, sizeof public_key, 0644) : status;
}

static mw_status read_secret(const char *path, uint8_t out[crypto_sign_SECRETKEYBYTES]) {
    mw_buffer text;
    mw_buffer_init(&text, 1024);
    mw_status status = mw_file_read_secret(path, &text);
    if (status == MW_OK && text.n != 2 * crypto_sign_SECRETKEYBYTES)
        status = MW_SYNTAX;
    if (status == MW_OK)
        status = mw_hex_decode(mw_buffer_view(&text), (mw_span){out, crypto_sign_SECRETKEYBYTES});
    if (text.p != NULL)
        mw_bytes_wipe(text.p, text.n);
    mw_buffer_fini(&text);
    return status;
}

static void write_header(const mw_bundle *what, const mw_buffer *contents, mw_json *j) {
    mw_json_object_begin(j);
    mw_json_put_text(j, "kind", what->kind);
    mw_json_put_int(j, "counter", what->counter);
    mw_json_put_text(j, "version", what->version);
    mw_json_put_text(j, "station", what->station);
    mw_json_put_array(j, "files");
    for (size_t i = 0; i < what->files_n; i++) {
        uint8_t hash[32];
        mw_slice bytes = mw_buffer_view(&contents[i]);
        (void)crypto_generichash(hash, sizeof hash, bytes.p, bytes.n, NULL, 0);
        mw_json_object_begin(j);
        mw_json_put_text(j, "path", what->files[i].path);
        mw_json_put_uint(j, "mode", what->files[i].mode);
        mw_json_put_uint(j, "size", bytes.n);
        mw_json_put_hex(j, "hash", MW_SLICE_OF(hash));
        mw_json_object_end(j);
    }
    mw_json_array_end(j);
    mw_json_object_end(j);
}

static mw_status write_out(const mw_bundle *what, const mw_buffer *contents, mw_slice header,
                           const uint8_t *secret, const char *out_path) {
    mw_buffer out;
    uint8_t length[4];
    uint8_t signature[crypto_sign_BYTES];
    mw_writer w = mw_writer_of(MW_SPAN_OF(length));
    mw_buffer_init(&out, (size_t)MW_BUNDLE_FILE_MAX * 2);
    mw_write_u32le(&w, (uint32_t)header.n);
    mw_buffer_append_str(&out, "MWBUNDL1");
    mw_buffer_append(&out, MW_SLICE_OF(length));
    mw_buffer_append(&out, header);
    if (out.status == MW_OK)
        (void)crypto_sign_detached(signature, NULL, out.p, out.n, secret);
    mw_buffer_append(&out, MW_SLICE_OF(signature));
    for (size_t i = 0; i < what->files_n; i++)
        mw_buffer_append(&out, mw_buffer_view(&contents[i]));
    mw_status status = out.status;
    if (status == MW_OK)
        status = mw_file_replace(out_path, mw_buffer_view(&out), 0644);
    mw_buffer_fini(&out);
    return status;
}

mw_status mw_bundle_write(const mw_bundle *what, const char *const *sources,
                          const char *secret_path, const char *out_path, char why[160]) {
    static mw_buffer contents[MW_BUNDLE_FILES_MAX];
    uint8_t secret[crypto_sign_SECRETKEYBYTES];
    mw_buffer header;
    if (sodium_init() < 0)
        return MW_NOMEM;
    mw_status status = read_secret(secret_path, secret);
    (void)snprintf(why, 160, "%.100s: %s", secret_path, mw_status_text(status));
    mw_buffer_init(&header, MW_BUNDLE_HEADER_MAX);
    for (size_t i = 0; i < what->files_n; i++) {
        mw_buffer_init(&contents[i], (size_t)MW_BUNDLE_FILE_MAX);
        if (status != MW_OK)
            continue;
        status = mw_file_read(sources[i], &contents[i]);
        (void)snprintf(why, 160, "%.100s: %s", sources[i], mw_status_text(status));
    }
    mw_json j = mw_json_of(&header);
    if (status == MW_OK) {
        write_header(what, contents, &j);
        status = mw_json_done(&j);
    }
    if (status == MW_OK) {
        status = write_out(what, contents, mw_buffer_view(&header), secret, out_path);
        (void)snprintf(why, 160, "%.100s: %s", out_path, mw_status_text(status));
    }
    mw_bytes_wipe(secret, sizeof secret);
    mw_buffer_fini(&header);
    for (size_t i = 0; i < what->files_n; i++)
        mw_buffer_fini(&contents[i]);
    return status;
}
