/* SPDX-License-Identifier: Apache-2.0
 *
 * Registry of devices of other radio networks: identity, label and key, the key wrapped like a
 * meter's. Import lines look like
 *
 *   {"tenant":"demo","network":"sigfox","identity":"004d33db","key":"32 hex digits","label":"..."}
 *   {"tenant":"demo","network":"nbfi","identity":"0012d687","key":"64 hex digits"}
 *   {"tenant":"demo","network":"openunb","identity":"b3b4f7"}
 *
 * and may stand between the lines of meters. Without "key" a device's messages are stored, marked
 * as unverified.
 */
#ifndef MW_PLATFORM_REGISTRY_FOREIGN_H
#define MW_PLATFORM_REGISTRY_FOREIGN_H

#include <jansson.h>

#include "platform/registry/registry.h"
#include "runtime/json_read.h"

enum { MW_FOREIGN_KEY_MAX = 32 }; /* Sigfox 16 bytes, NB-Fi 32 */

/* "sigfox", "nbfi", "openunb"; MW_NOT_FOUND. */
MW_NODISCARD mw_status mw_network_of_name(const char *name, mw_store_network *out_network);
const char *mw_network_name(mw_store_network network);

/* Takes one import line, inside the store's transaction. MW_SYNTAX, MW_RANGE with error. */
MW_NODISCARD mw_status mw_registry_foreign_take(mw_registry *r, const json_t *line,
                                                mw_json_error *error);
/* The device's key, unwrapped; wipe it after use. MW_NOT_FOUND: none is registered; MW_AUTH. */
MW_NODISCARD mw_status mw_registry_foreign_key(mw_registry *r, const mw_store_foreign_device *d,
                                               uint8_t out_key[MW_FOREIGN_KEY_MAX], size_t *out_n);

#endif
