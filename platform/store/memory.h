/* SPDX-License-Identifier: Apache-2.0
 *
 * mw_store in memory: the reference model. It does what the contract says in the simplest way -
 * every report, revision and record in a list, every answer by going through all of it - so that a
 * store with files can be held against it (readings/test/conformance.h). Not for use with more than
 * some thousand values.
 *
 * It keeps readings, layers and accounts; master data by date; commands and downlinks; validation;
 * alarms and messages; people and the audit chain; files. Views for pages (lists of meters, overview,
 * the fleet), results of decoding that only those show, what households hand in, and messages of other
 * networks give MW_UNSUPPORTED.
 */
#ifndef MW_PLATFORM_STORE_MEMORY_H
#define MW_PLATFORM_STORE_MEMORY_H

#include "platform/store/store.h"

MW_NODISCARD mw_status mw_store_memory_open(mw_store **out_store);

#endif
