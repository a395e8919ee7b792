/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MW_PLATFORM_REGISTRY_REGISTRY_INTERNAL_H
#define MW_PLATFORM_REGISTRY_REGISTRY_INTERNAL_H

#include "crypto/crypto.h"
#include "platform/registry/registry.h"

mw_store *mw_registry_store(mw_registry *r);
/* The platform's master key, under which keys are wrapped. */
const mw_key *mw_registry_master(const mw_registry *r);

#endif
