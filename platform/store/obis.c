/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>

#include "platform/store/store.h"

mw_status mw_store_obis_parse(const char *text, uint8_t out_obis[6]) {
    static const char separators[] = "-:..*";
    uint8_t value[6] = {0, 0, 0, 0, 0, 255};
    for (int i = 0; i < 6; i++) {
        unsigned n = 0, digits = 0;
        for (; *text >= '0' && *text <= '9' && digits < 4; text++, digits++)
            n = n * 10 + (unsigned)(*text - '0');
        if (digits == 0 || n > 255)
            return MW_SYNTAX;
        value[i] = (uint8_t)n;
        if (*text == 0 && i >= 4)
            break;
        if (i == 5 || *text != separators[i])
            return MW_SYNTAX;
        text++;
    }
    mw_bytes_copy(out_obis, value, sizeof value);
    return MW_OK;
}

void mw_store_obis_format(const uint8_t obis[6], char out_text[MW_STORE_OBIS_TEXT_MAX]) {
    snprintf(out_text, MW_STORE_OBIS_TEXT_MAX, "%u-%u:%u.%u.%u*%u", (unsigned)obis[0],
             (unsigned)obis[1], (unsigned)obis[2], (unsigned)obis[3], (unsigned)obis[4],
             (unsigned)obis[5]);
}
