/* SPDX-License-Identifier: Apache-2.0 */
#include "platform/backup/backup.h"

#include <dirent.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "platform/backup/internal.h"
#include "platform/store/sqlite.h"
#include "runtime/file.h"

#define NAME_HEAD "meterworks-"

mw_status mw_backup_path(char out[MW_BACKUP_PATH_MAX], const char *folder, const char *name) {
    int n = snprintf(out, MW_BACKUP_PATH_MAX, "%s%s", folder, name);
    return n < 0 || n >= MW_BACKUP_PATH_MAX ? MW_RANGE : MW_OK;
}

mw_status mw_backup_hash(const char *path, uint8_t out_hash[MW_MANIFEST_HASH], uint64_t *out_size) {
    enum { BLOCK = 1 << 18 };
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return access(path, F_OK) == 0 ? MW_IO : MW_NOT_FOUND;
    uint8_t *block = malloc(BLOCK);
    crypto_generichash_state state;
    crypto_generichash_init(&state, NULL, 0, MW_MANIFEST_HASH);
    uint64_t size = 0;
    ssize_t n = block == NULL ? -1 : 1;
    while (n > 0) {
        n = read(fd, block, BLOCK);
        if (n > 0) {
            crypto_generichash_update(&state, block, (size_t)n);
            size += (uint64_t)n;
        }
    }
    free(block);
    close(fd);
    crypto_generichash_final(&state, out_hash, MW_MANIFEST_HASH);
    *out_size = size;
    return n < 0 ? MW_IO : MW_OK;
}

/* Tells one key from another and gives nothing of it away: it has 128 random bits. */
mw_status mw_backup_key_print(const char *key_file, uint8_t out_print[MW_MANIFEST_HASH]) {
    static const uint8_t context[] = "meterworks backup: which master key";
    mw_buffer key;
    mw_buffer_init(&key, 4096);
    mw_status s = mw_file_read(key_file, &key);
    if (s == MW_OK)
        crypto_generichash(out_print, MW_MANIFEST_HASH, key.p, key.n, context, sizeof context - 1);
    if (key.p != NULL)
        mw_bytes_wipe(key.p, key.n);
    mw_buffer_fini(&key);
    return s;
}

/* ---- folders ---- */

/* With every file in it; the manifest goes first, so that what is left never looks whole. */
static void folder_remove(const char *folder) {
    char path[MW_BACKUP_PATH_MAX];
    if (mw_backup_path(path, folder, "/manifest") == MW_OK)
        (void)unlink(path);
    DIR *d = opendir(folder);
    struct dirent *e;
    while (d != NULL && (e = readdir(d)) != NULL) {
        int n = snprintf(path, sizeof path, "%s/%s", folder, e->d_name);
        if (n > 0 && n < (int)sizeof path && e->d_name[0] != '.')
            (void)unlink(path);
    }
    if (d != NULL)
        closedir(d);
    (void)rmdir(folder);
}

mw_status mw_backup_sync_parent(const char *path) {
    char parent[MW_BACKUP_PATH_MAX];
    const char *slash = strrchr(path, '/');
    if (slash == NULL)
        return mw_file_sync_folder(".");
    size_t n = slash == path ? 1 : (size_t)(slash - path);
    if (n >= sizeof parent)
        return MW_RANGE;
    memcpy(parent, path, n);
    parent[n] = 0;
    return mw_file_sync_folder(parent);
}

/* ---- making ---- */

static mw_status fill(const mw_backup_options *o, const char *partial, mw_manifest *m) {
    char path[MW_BACKUP_PATH_MAX], text[MW_MANIFEST_MAX];
    mw_store_sqlite_head head;
    *m = (mw_manifest){.made = o->now};
    MW_TRY(mw_backup_key_print(o->key_file, m->key));
    MW_TRY(mw_backup_path(path, partial, "/database"));
    MW_TRY(o->copy != NULL ? o->copy(o->ctx, path) : mw_store_sqlite_copy(o->store_path, path));
    MW_TRY(mw_store_sqlite_look(path, &head));
    MW_TRY(mw_backup_hash(path, m->hash, &m->size));
    m->schema = head.schema;
    m->journal = (uint64_t)head.journal;
    m->sender = head.sender;
    m->sender_epoch = head.sender_epoch;
    m->sender_reservations = head.sender_reservations;
    size_t n = mw_manifest_format(m, text);
    MW_TRY(mw_backup_path(path, partial, "/manifest"));
    return mw_file_replace(path, (mw_slice){(const uint8_t *)text, n}, 0600);
}

mw_status mw_backup_make(const mw_backup_options *o, mw_manifest *out_manifest) {
    char partial[MW_BACKUP_PATH_MAX];
    mw_manifest m;
    if (sodium_init() < 0)
        return MW_IO;
    if (access(o->folder, F_OK) == 0)
        return MW_DUPLICATE;
    MW_TRY(mw_backup_path(partial, o->folder, ".partial"));
    folder_remove(partial); /* of an attempt that broke off */
    if (mkdir(partial, 0700) != 0)
        return MW_IO;
    mw_status s = fill(o, partial, &m);
    if (s == MW_OK)
        s = mw_file_sync_folder(partial);
    if (s == MW_OK && rename(partial, o->folder) != 0)
        s = MW_IO;
    if (s == MW_OK)
        s = mw_backup_sync_parent(o->folder);
    if (s != MW_OK) {
        folder_remove(partial);
        return s;
    }
    *out_manifest = m;
    return MW_OK;
}

/* ---- rotation ---- */

typedef struct names {
    char *list[MW_BACKUP_KEEP_MAX * 2];
    size_t n;
} names;

static int by_name(const void *a, const void *b) {
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* The names begin with the time they were made, so their order is that of time. */
static mw_status names_read(const char *folder, names *l) {
    DIR *d = opendir(folder);
    if (d == NULL)
        return MW_IO;
    struct dirent *e;
    mw_status s = MW_OK;
    while (s == MW_OK && (e = readdir(d)) != NULL) {
        if (strncmp(e->d_name, NAME_HEAD, sizeof NAME_HEAD - 1) != 0 ||
            l->n == sizeof l->list / sizeof l->list[0])
            continue;
        l->list[l->n] = strdup(e->d_name);
        s = l->list[l->n] == NULL ? MW_NOMEM : MW_OK;
        l->n += s == MW_OK;
    }
    closedir(d);
    qsort(l->list, l->n, sizeof l->list[0], by_name);
    return s;
}

static bool is_partial(const char *name) {
    size_t n = strlen(name);
    return n > 8 && strcmp(name + n - 8, ".partial") == 0;
}

static void name_remove(const char *folder, const char *name) {
    char path[MW_BACKUP_PATH_MAX], gone[MW_BACKUP_PATH_MAX];
    int n = snprintf(path, sizeof path, "%s/%s", folder, name);
    if (n < 0 || n >= (int)sizeof path)
        return;
    /* Half removed it must not look whole. */
    if (!is_partial(name)) {
        if (mw_backup_path(gone, path, ".partial") != MW_OK || rename(path, gone) != 0)
            return;
        memcpy(path, gone, sizeof path);
    }
    folder_remove(path);
}

static mw_status oldest_remove(const char *folder, unsigned keep) {
    names *l = calloc(1, sizeof *l);
    if (l == NULL)
        return MW_NOMEM;
    mw_status s = names_read(folder, l);
    size_t whole = 0;
    for (size_t i = 0; i < l->n; i++)
        whole += !is_partial(l->list[i]);
    for (size_t i = 0; i < l->n; i++) {
        bool part = is_partial(l->list[i]);
        if (s == MW_OK && (part || whole > keep)) {
            name_remove(folder, l->list[i]);
            whole -= !part;
        }
        free(l->list[i]);
    }
    free(l);
    return s;
}

mw_status mw_backup_rotate(const mw_backup_options *o, unsigned keep, char *out_path,
                           mw_manifest *out_manifest) {
    char made[MW_UTC_TEXT_MAX], compact[MW_UTC_TEXT_MAX];
    if (keep == 0 || keep > MW_BACKUP_KEEP_MAX)
        return MW_RANGE;
    mw_utc_format(mw_utc_of_s(mw_utc_floor_s(o->now)), made);
    size_t n = 0;
    for (const char *p = made; *p != 0; p++)
        if (*p != '-' && *p != ':')
            compact[n++] = *p;
    compact[n] = 0;
    char path[MW_BACKUP_PATH_MAX];
    int length = snprintf(path, sizeof path, "%s/" NAME_HEAD "%s", o->folder, compact);
    if (length < 0 || length >= (int)sizeof path)
        return MW_RANGE;
    MW_TRY(mw_file_make_folders(o->folder, 0700));
    mw_backup_options one = *o;
    one.folder = path;
    MW_TRY(mw_backup_make(&one, out_manifest));
    memcpy(out_path, path, (size_t)length + 1);
    return oldest_remove(o->folder, keep);
}

/* From the name: "meterworks-20261122T203000Z". */
static mw_status name_time(const char *name, mw_utc *out) {
    int y, mo, d, h, mi, sec, end = 0;
    char text[MW_UTC_TEXT_MAX];
    if (sscanf(name, NAME_HEAD "%4d%2d%2dT%2d%2d%2dZ%n", &y, &mo, &d, &h, &mi, &sec, &end) != 6 ||
        end == 0 || name[end] != 0)
        return MW_SYNTAX;
    snprintf(text, sizeof text, "%04d-%02d-%02dT%02d:%02d:%02dZ", y, mo, d, h, mi, sec);
    return mw_utc_parse(mw_slice_of_str(text), out);
}

mw_status mw_backup_newest(const char *folder, mw_utc *out_made) {
    names *l = calloc(1, sizeof *l);
    if (l == NULL)
        return MW_NOMEM;
    mw_status s = names_read(folder, l);
    mw_utc made, newest = MW_UTC_NONE;
    for (size_t i = 0; i < l->n; i++) {
        if (name_time(l->list[i], &made) == MW_OK &&
            (mw_utc_is_none(newest) || made.us > newest.us))
            newest = made;
        free(l->list[i]);
    }
    free(l);
    if (s != MW_OK || mw_utc_is_none(newest))
        return MW_NOT_FOUND;
    *out_made = newest;
    return MW_OK;
}
