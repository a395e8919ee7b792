/* SPDX-License-Identifier: Apache-2.0
 *
 * The COSEM keys of meters that speak DLMS: what a device's pushes are sealed with (suite 0). An
 * import line of a device may carry
 *
 *   "cosem":{"encryption_key":"32 hex digits","authentication_key":"32 hex digits"}
 *
 * The device's identity is then its system title. Keys are stored wrapped like the master key.
 */
#ifndef MW_PLATFORM_REGISTRY_COSEM_H
#define MW_PLATFORM_REGISTRY_COSEM_H

#include <jansson.h>

#include "crypto/crypto.h"
#include "platform/registry/registry.h"
#include "runtime/json_read.h"

typedef struct mw_registry_cosem {
    mw_key encryption, authentication;
} mw_registry_cosem;

/* Wipe after use (mw_key_wipe both). MW_NOT_FOUND: the device has none; MW_AUTH. */
MW_NODISCARD mw_status mw_registry_cosem_keys(mw_registry *r, int64_t tenant,
                                              const mw_store_device *device,
                                              mw_registry_cosem *out_keys);
/* The same keys again change nothing. */
MW_NODISCARD mw_status mw_registry_cosem_put(mw_registry *r, int64_t tenant,
                                             const mw_store_device *device,
                                             const mw_registry_cosem *keys);
/* Takes the member "cosem" of a device's line; absent is fine. MW_SYNTAX, MW_RANGE with error. */
MW_NODISCARD mw_status mw_registry_cosem_take(mw_registry *r, int64_t tenant,
                                              const mw_store_device *device, const json_t *line,
                                              mw_json_error *error);

#endif
