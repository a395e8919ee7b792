/* SPDX-License-Identifier: Apache-2.0
 *
 * mw_store in memory: the reference model of readings. It does what the contract says in the
 * simplest way - every report, revision and record in a list, every answer by going through all of
 * it - so that a store with files can be held against it (test/conformance.h). Not for use with
 * more than some thousand values.
 *
 * It keeps transactions, journal, cursors, reports, registers, layers, locks, suspense, and of the master data
 * tenants, devices, channels, installations, specifications and marks. Operations of
 * accounts other than users and sessions, pages, commands and files give MW_UNSUPPORTED.
 */
#ifndef MW_PLATFORM_STORE_MEMORY_H
#define MW_PLATFORM_STORE_MEMORY_H

#include "platform/store/store.h"

MW_NODISCARD mw_status mw_store_memory_open(mw_store **out_store);

#endif
