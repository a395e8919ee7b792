/* SPDX-License-Identifier: Apache-2.0
 *
 * The store that the settings name: PostgreSQL when store.url is given, else the SQLite file.
 */
#ifndef MW_PLATFORM_OPEN_STORE_H
#define MW_PLATFORM_OPEN_STORE_H

#include "platform/config.h"
#include "platform/store/postgres.h"

typedef enum mw_open_store {
    MW_OPEN_WRITER, /* a command's, beside a running platform */
    MW_OPEN_ALONE,  /* the platform's own: no second platform on the same database (MW_STATE) */
    MW_OPEN_READER, /* a further handle for queries */
} mw_open_store;

bool mw_platform_on_postgres(const mw_platform_config *config);
/* What to call the store in messages; no secrets are in it. */
const char *mw_platform_store_name(const mw_platform_config *config);
/* Who and where; of a store in PostgreSQL. */
mw_store_postgres_options mw_platform_postgres_options(const mw_platform_config *config);
/* Says on standard error why it fails. */
MW_NODISCARD mw_status mw_platform_open_store_as(const mw_platform_config *config,
                                                 mw_open_store how, mw_store **out_store);

#endif
