/* SPDX-License-Identifier: Apache-2.0
 *
 * Shared by the parts of runtime/settings; not for others.
 */
#ifndef MW_RUNTIME_SETTINGS_PRIV_H
#define MW_RUNTIME_SETTINGS_PRIV_H

#include "runtime/settings.h"

typedef struct mw_setting_unit {
    const char *suffix;
    int64_t factor; /* of the type's smallest unit */
} mw_setting_unit;

/* The suffixes of a type, largest first, ended by a NULL suffix; NULL when it carries no unit. */
const mw_setting_unit *mw_setting_units(mw_setting_type type);
/* A number of the type's smallest unit as people write it, such as "30s". */
void mw_setting_format(mw_setting_type type, int64_t number, char out[64]);
/* "30s", "64MiB": what kind of value is expected, for --help. */
const char *mw_setting_kind_text(mw_setting_type type);

#endif
