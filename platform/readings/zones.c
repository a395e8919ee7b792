/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "platform/readings/timezone.h"

struct mw_zones {
    char dir[256];
    char version[32];
    size_t n;
    struct {
        char name[MW_ZONE_NAME_MAX];
        mw_zone *zone;
    } entry[MW_ZONES_CACHED];
};

static mw_status file_load(const char *path, uint8_t *out, size_t room, size_t *out_n) {
    FILE *f = fopen(path, "rbe");
    if (f == NULL)
        return MW_NOT_FOUND;
    *out_n = fread(out, 1, room, f);
    bool failed = ferror(f) != 0;
    fclose(f);
    return failed ? MW_NOT_FOUND : MW_OK; /* a directory opens but does not read */
}

/* The first line of tzdata.zi is "# version 2026a"; some systems have +VERSION instead. */
static void version_find(mw_zones *zs) {
    char path[300], text[64];
    size_t n = 0;
    snprintf(zs->version, sizeof zs->version, "unknown");
    snprintf(path, sizeof path, "%s/tzdata.zi", zs->dir);
    const char *prefix = "# version ";
    if (file_load(path, (uint8_t *)text, sizeof text - 1, &n) != MW_OK) {
        snprintf(path, sizeof path, "%s/+VERSION", zs->dir);
        prefix = "";
        if (file_load(path, (uint8_t *)text, sizeof text - 1, &n) != MW_OK)
            return;
    }
    text[n] = 0;
    text[strcspn(text, "\r\n")] = 0;
    if (strncmp(text, prefix, strlen(prefix)) == 0 && strlen(text) > strlen(prefix))
        snprintf(zs->version, sizeof zs->version, "%.30s", text + strlen(prefix));
}

mw_status mw_zones_open(const char *dir, mw_zones **out_zones) {
    if (dir == NULL)
        dir = "/usr/share/zoneinfo";
    mw_zones *zs = calloc(1, sizeof *zs);
    if (zs == NULL)
        return MW_NOMEM;
    if ((size_t)snprintf(zs->dir, sizeof zs->dir, "%s", dir) >= sizeof zs->dir) {
        free(zs);
        return MW_RANGE;
    }
    version_find(zs);
    *out_zones = zs;
    return MW_OK;
}

void mw_zones_close(mw_zones *zs) {
    if (zs == NULL)
        return;
    for (size_t i = 0; i < zs->n; i++)
        mw_zone_free(zs->entry[i].zone);
    free(zs);
}

const char *mw_zones_version(const mw_zones *zs) {
    return zs->version;
}

/* Names come from imports: they must not leave the directory. */
static bool name_valid(const char *name) {
    size_t n = strlen(name);
    if (n == 0 || n >= MW_ZONE_NAME_MAX || name[0] == '/' || strstr(name, "//") != NULL)
        return false;
    for (const char *p = name; *p != 0; p++) {
        bool alnum =
            (*p >= 'a' && *p <= 'z') || (*p >= 'A' && *p <= 'Z') || (*p >= '0' && *p <= '9');
        if (!alnum && strchr("/_+-", *p) == NULL)
            return false;
    }
    return true;
}

mw_status mw_zones_get(mw_zones *zs, const char *name, const mw_zone **out_zone) {
    if (!name_valid(name))
        return MW_SYNTAX;
    for (size_t i = 0; i < zs->n; i++) {
        if (strcmp(zs->entry[i].name, name) == 0) {
            *out_zone = zs->entry[i].zone;
            return MW_OK;
        }
    }
    if (zs->n == MW_ZONES_CACHED)
        return MW_LIMIT;
    uint8_t *file = malloc(MW_ZONE_FILE_MAX);
    if (file == NULL)
        return MW_NOMEM;
    char path[400];
    snprintf(path, sizeof path, "%s/%s", zs->dir, name);
    size_t n = 0;
    mw_zone *zone = NULL;
    mw_status status = file_load(path, file, MW_ZONE_FILE_MAX, &n);
    if (status == MW_OK)
        status = mw_zone_decode((mw_slice){file, n}, &zone);
    free(file);
    MW_TRY(status);
    snprintf(zs->entry[zs->n].name, MW_ZONE_NAME_MAX, "%s", name);
    zs->entry[zs->n++].zone = zone;
    *out_zone = zone;
    return MW_OK;
}

const char *mw_zones_dir(const mw_zones *zs) {
    return zs->dir;
}
