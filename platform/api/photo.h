/* SPDX-License-Identifier: Apache-2.0
 *
 * The photo of a register, as a customer hands it in: bytes from outside. Only JPEG and PNG are
 * taken, told by their first bytes and not by what the sender says; both are walked through, and
 * what is not the picture is left out: where it was taken, with which phone, texts, thumbnails
 * (JPEG segments APP1..APP15 and COM, PNG chunks that are not needed to draw). Anything behind the
 * end of the picture is cut off, so nothing can hide there.
 */
#ifndef MW_PLATFORM_API_PHOTO_H
#define MW_PLATFORM_API_PHOTO_H

#include "base/bytes.h"

#define MW_PHOTO_SIDE_MAX 16384 /* pixels */

/* Writes the picture without its luggage. MW_SYNTAX when it is no whole JPEG or PNG, MW_RANGE when a
 * side is 0 or beyond MW_PHOTO_SIDE_MAX, MW_SPACE when it does not fit into room (in.n is always
 * enough). *out_type is "image/jpeg" or "image/png". */
MW_NODISCARD mw_status mw_photo_clean(mw_slice in, mw_span room, size_t *out_n,
                                      const char **out_type);

#endif
