/* SPDX-License-Identifier: Apache-2.0
 *
 * The one 128-bit type of this folder: products of two 64-bit counts before they are divided.
 */
#ifndef MW_PLATFORM_VEE_WIDE_H
#define MW_PLATFORM_VEE_WIDE_H

__extension__ typedef __int128 mw_wide;
__extension__ typedef unsigned __int128 mw_uwide;

#endif
