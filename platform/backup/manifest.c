/* SPDX-License-Identifier: Apache-2.0 */
#include "platform/backup/manifest.h"

#include <inttypes.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>

static const char magic[] = "MWBK1\n";

enum { HEX = 2 * MW_MANIFEST_HASH };

static void hex_of(const uint8_t hash[MW_MANIFEST_HASH], char out[HEX + 1]) {
    (void)sodium_bin2hex(out, HEX + 1, hash, MW_MANIFEST_HASH);
}

static bool hex_read(const char *text, uint8_t out[MW_MANIFEST_HASH]) {
    size_t n = 0;
    return strlen(text) == HEX &&
           sodium_hex2bin(out, MW_MANIFEST_HASH, text, HEX, NULL, &n, NULL) == 0 &&
           n == MW_MANIFEST_HASH;
}

size_t mw_manifest_format(const mw_manifest *m, char out[MW_MANIFEST_MAX]) {
    char made[MW_UTC_TEXT_MAX], hash[HEX + 1], key[HEX + 1];
    uint8_t end[MW_MANIFEST_HASH];
    mw_utc_format(m->made, made);
    hex_of(m->hash, hash);
    hex_of(m->key, key);
    int n = snprintf(out, MW_MANIFEST_MAX,
                     "%smade %s\nschema %d\nsize %" PRIu64 "\nblake2b %s\nkey %s\njournal %" PRIu64
                     "\n",
                     magic, made, m->schema, m->size, hash, key, m->journal);
    size_t at = (size_t)n;
    if (m->sender)
        at += (size_t)snprintf(out + at, MW_MANIFEST_MAX - at, "sender %" PRIu32 " %" PRIu64 "\n",
                               m->sender_epoch, m->sender_reservations);
    crypto_generichash(end, sizeof end, (const uint8_t *)out, at, NULL, 0);
    hex_of(end, hash);
    at += (size_t)snprintf(out + at, MW_MANIFEST_MAX - at, "end %s\n", hash);
    return at;
}

static mw_status end_check(const char *text, size_t n) {
    const size_t line = 4 + HEX + 1;
    uint8_t end[MW_MANIFEST_HASH], said[MW_MANIFEST_HASH];
    char hex[HEX + 1] = "";
    if (n < line || memcmp(text + n - line, "end ", 4) != 0 || text[n - 1] != '\n')
        return MW_CHECKSUM;
    memcpy(hex, text + n - line + 4, HEX);
    crypto_generichash(end, sizeof end, (const uint8_t *)text, n - line, NULL, 0);
    return hex_read(hex, said) && memcmp(end, said, sizeof end) == 0 ? MW_OK : MW_CHECKSUM;
}

mw_status mw_manifest_parse(mw_slice text, mw_manifest *out_manifest) {
    char copy[MW_MANIFEST_MAX], made[MW_UTC_TEXT_MAX], hash[HEX + 1], key[HEX + 1];
    mw_manifest m = {.schema = 0};
    int at = 0, more = 0;
    if (text.n >= sizeof magic - 1 && memcmp(text.p, "MWBK", 4) == 0 &&
        memcmp(text.p, magic, sizeof magic - 1) != 0)
        return MW_UNSUPPORTED;
    if (text.n >= sizeof copy)
        return MW_SYNTAX;
    if (text.n > 0)
        memcpy(copy, text.p, text.n);
    copy[text.n] = 0;
    MW_TRY(end_check(copy, text.n));
    if (sscanf(copy,
               "MWBK1 made %39s schema %9d size %18" SCNu64 " blake2b %64s key %64s journal "
               "%18" SCNu64 " %n",
               made, &m.schema, &m.size, hash, key, &m.journal, &at) != 6 ||
        at == 0)
        return MW_SYNTAX;
    m.sender = sscanf(copy + at, "sender %9" SCNu32 " %18" SCNu64 " end %n", &m.sender_epoch,
                      &m.sender_reservations, &more) == 2 &&
               more > 0;
    if (!m.sender && strncmp(copy + at, "end ", 4) != 0)
        return MW_SYNTAX;
    if (!hex_read(hash, m.hash) || !hex_read(key, m.key) ||
        mw_utc_parse(mw_slice_of_str(made), &m.made) != MW_OK)
        return MW_SYNTAX;
    *out_manifest = m;
    return MW_OK;
}
