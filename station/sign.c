/* SPDX-License-Identifier: Apache-2.0
 *
 * mw-sign: keys and signed bundles for stations. Keep the secret key away from stations and from the
 * network; docs/station.md says how.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "station/bundle.h"

static int usage(void) {
    (void)fprintf(stderr,
                  "usage: mw-sign keys SECRET PUBLIC\n"
                  "       mw-sign bundle SECRET OUT program|config COUNTER VERSION STATION|'*' "
                  "PATH=FILE...\n");
    return 2;
}

static int sign_keys(const char *secret, const char *public_path) {
    mw_status status = mw_bundle_make_keys(secret, public_path);
    if (status != MW_OK)
        (void)fprintf(stderr, "mw-sign: %s\n", mw_status_text(status));
    return status == MW_OK ? 0 : 1;
}

static int sign_bundle(int argc, char **argv) {
    static mw_bundle b;
    const char *sources[MW_BUNDLE_FILES_MAX];
    char why[160] = "";
    char *end = NULL;
    b.counter = strtoll(argv[3], &end, 10);
    if (*end != 0 || b.counter < 1 || argc - 6 > MW_BUNDLE_FILES_MAX)
        return usage();
    (void)snprintf(b.kind, sizeof b.kind, "%s", argv[2]);
    (void)snprintf(b.version, sizeof b.version, "%s", argv[4]);
    (void)snprintf(b.station, sizeof b.station, "%s", argv[5]);
    for (int i = 6; i < argc; i++) {
        mw_bundle_file *file = &b.files[b.files_n];
        char *equals = strchr(argv[i], '=');
        struct stat st;
        if (equals == NULL || equals == argv[i])
            return usage();
        *equals = 0;
        if (stat(equals + 1, &st) != 0) {
            perror(equals + 1);
            return 1;
        }
        (void)snprintf(file->path, sizeof file->path, "%s", argv[i]);
        file->mode = (uint32_t)st.st_mode & 0755u;
        sources[b.files_n++] = equals + 1;
    }
    mw_status status = mw_bundle_write(&b, sources, argv[0], argv[1], why);
    if (status != MW_OK)
        (void)fprintf(stderr, "mw-sign: %s\n", why);
    return status == MW_OK ? 0 : 1;
}

int main(int argc, char **argv) {
    if (argc == 4 && strcmp(argv[1], "keys") == 0)
        return sign_keys(argv[2], argv[3]);
    if (argc >= 9 && strcmp(argv[1], "bundle") == 0)
        return sign_bundle(argc - 2, argv + 2);
    return usage();
}
