/* SPDX-License-Identifier: Apache-2.0
 *
 * Text from outside.
 */
#ifndef MW_RUNTIME_TEXT_H
#define MW_RUNTIME_TEXT_H

#include "base/bytes.h"

/* Length of the well-formed UTF-8 sequence at p (Unicode 15, table 3-7), n >= 1 bytes available; 0
 * when it is not one. */
size_t mw_text_utf8_length(const uint8_t *p, size_t n);
/* Well-formed UTF-8 without control bytes (C0 and DEL). */
bool mw_text_is_plain(mw_slice s);

#endif
