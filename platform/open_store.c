/* SPDX-License-Identifier: Apache-2.0 */
#include "platform/open_store.h"

#include <stdio.h>

#include "platform/store/postgres.h"
#include "platform/store/sqlite.h"

bool mw_platform_on_postgres(const mw_platform_config *config) {
    return config->store_url[0] != 0;
}

const char *mw_platform_store_name(const mw_platform_config *config) {
    return mw_platform_on_postgres(config) ? "PostgreSQL" : config->store_path;
}

mw_store_postgres_options mw_platform_postgres_options(const mw_platform_config *config) {
    return (mw_store_postgres_options){
        .url = config->store_url,
        .password_file = config->store_password_file[0] != 0 ? config->store_password_file : NULL};
}

static mw_status open_postgres(const mw_platform_config *config, mw_open_store how,
                               mw_store **out_store) {
    char why[400] = "";
    mw_store_postgres_options o = mw_platform_postgres_options(config);
    o.read_only = how == MW_OPEN_READER;
    o.alone = how == MW_OPEN_ALONE;
    o.why = why;
    o.why_size = sizeof why;
    mw_status s = mw_store_postgres_open(&o, out_store);
    if (s != MW_OK)
        fprintf(stderr, "mw-platform: cannot open the database of store.url: %s\n",
                why[0] != 0           ? why
                : s == MW_UNSUPPORTED ? "it is of another version"
                                      : mw_status_text(s));
    return s;
}

static mw_status open_sqlite(const mw_platform_config *config, mw_open_store how,
                             mw_store **out_store) {
    bool reader = how == MW_OPEN_READER;
    mw_store_sqlite_options o = {.path = config->store_path,
                                 .read_only = reader,
                                 .cache_kib =
                                     reader ? 1024 : (uint32_t)(config->store_cache / 1024)};
    mw_status s = mw_store_sqlite_open(&o, out_store);
    if (s != MW_OK)
        fprintf(stderr, "mw-platform: cannot open the database %s: %s\n", config->store_path,
                s == MW_UNSUPPORTED ? "it is of another version" : mw_status_text(s));
    return s;
}

mw_status mw_platform_open_store_as(const mw_platform_config *config, mw_open_store how,
                                    mw_store **out_store) {
    return mw_platform_on_postgres(config) ? open_postgres(config, how, out_store)
                                           : open_sqlite(config, how, out_store);
}
