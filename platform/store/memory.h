/* SPDX-License-Identifier: Apache-2.0
 *
 * mw_store in memory: the reference model. It does what the contract says in the simplest way -
 * every report, revision and record in a list, every answer by going through all of it - so that a
 * store with files can be held against it (readings/test/conformance.h). Not for use with more than
 * some thousand values.
 *
 * It keeps everything that the interface can be asked for, but for `digest`, a hash over the rows of
 * tables, which it has not: MW_UNSUPPORTED. days_amount counts the bytes that a day's record has.
 */
#ifndef MW_PLATFORM_STORE_MEMORY_H
#define MW_PLATFORM_STORE_MEMORY_H

#include "platform/store/store.h"

MW_NODISCARD mw_status mw_store_memory_open(mw_store **out_store);

#endif
