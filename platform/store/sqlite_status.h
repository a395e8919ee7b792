/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MW_PLATFORM_STORE_SQLITE_STATUS_H
#define MW_PLATFORM_STORE_SQLITE_STATUS_H

#include "base/status.h"

/* What SQLite's result code means to us. */
mw_status mw_sqlite_status(int code);

#endif
