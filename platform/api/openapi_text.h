/* SPDX-License-Identifier: Apache-2.0
 *
 * platform/api/openapi.json, embedded at build time (platform/api/embed.c).
 */
#ifndef MW_PLATFORM_API_OPENAPI_TEXT_H
#define MW_PLATFORM_API_OPENAPI_TEXT_H

#include <stddef.h>
#include <stdint.h>

extern const uint8_t mw_api_openapi_text[];
extern const size_t mw_api_openapi_size;

#endif
