/* SPDX-License-Identifier: Apache-2.0
 *
 * A signed bundle of files: a new program or a new configuration for stations.
 *
 *   "MWBUNDL1" | length of the header u32 little endian | header, JSON | Ed25519 signature, 64 bytes |
 *   the files' bytes, one after the other
 *
 *   {"kind":"program|config","counter":7,"version":"1.4.0","station":"*",
 *    "files":[{"path":"mw-station","mode":493,"size":123456,"hash":"64 hex digits, BLAKE2b-256"}]}
 *
 * The signature covers all that stands before it, and the hashes in it cover the files. counter must
 * be larger than that of what is installed: an old bundle with its old faults is refused, whoever
 * signed it. station is "*" or the name of the one station that may take it.
 */
#ifndef MW_STATION_BUNDLE_H
#define MW_STATION_BUNDLE_H

#include "base/bytes.h"

#define MW_BUNDLE_FILES_MAX  64
#define MW_BUNDLE_HEADER_MAX 65536u
#define MW_BUNDLE_FILE_MAX   (INT64_C(256) << 20)
#define MW_BUNDLE_PATH_MAX   128
#define MW_BUNDLE_KEYS_MAX   16

typedef struct mw_bundle_file {
    char path[MW_BUNDLE_PATH_MAX]; /* relative; letters, digits and ._-/ only, no part ".." */
    uint32_t mode;                 /* permission bits */
    int64_t size;
    uint8_t hash[32];
} mw_bundle_file;

typedef struct mw_bundle {
    char kind[16];
    char version[64];
    char station[64];
    int64_t counter;
    mw_bundle_file files[MW_BUNDLE_FILES_MAX];
    size_t files_n;
    size_t data_at; /* where the files begin */
} mw_bundle;

/* Decodes magic, header and place of the signature; checks no signature. in may end anywhere behind
 * the signature. MW_SHORT, MW_SYNTAX, MW_RANGE, MW_LIMIT; why (160 bytes) in words. */
MW_NODISCARD mw_status mw_bundle_decode(mw_slice in, mw_bundle *out_bundle, char why[160]);
/* Public keys of a file: a line of 64 hexadecimal digits each; '#' begins a comment. MW_NOT_FOUND,
 * MW_SYNTAX, MW_LIMIT. */
MW_NODISCARD mw_status mw_bundle_keys(const char *path, uint8_t out_keys[MW_BUNDLE_KEYS_MAX][32],
                                      size_t *out_n);
/* Opens a bundle for a station: signature by one of the keys, every hash, nothing behind the end,
 * kind and station. MW_AUTH (signature, or another station's), MW_CHECKSUM, what decode says. */
MW_NODISCARD mw_status mw_bundle_check(const char *path, const char *keys_path, const char *kind,
                                       const char *station, mw_bundle *out_bundle, char why[160]);
/* Writes the files of a checked bundle into a folder, durably; each is hashed again on the way. */
MW_NODISCARD mw_status mw_bundle_unpack(const char *path, const mw_bundle *bundle,
                                        const char *folder, char why[160]);

/* The signing side: pairs of "path=FILE" become a bundle. secret: file with 128 hexadecimal digits.
 */
MW_NODISCARD mw_status mw_bundle_write(const mw_bundle *what, const char *const *sources,
                                       const char *secret_path, const char *out_path,
                                       char why[160]);
/* Makes a pair of keys: secret (mode 0600) and public, as files. MW_DUPLICATE when one is there. */
MW_NODISCARD mw_status mw_bundle_make_keys(const char *secret_path, const char *public_path);

#endif
