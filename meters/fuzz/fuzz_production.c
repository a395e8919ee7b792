/* SPDX-License-Identifier: Apache-2.0
 *
 * The production port takes any lines, over any contents of its flash.
 */
#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "meters/boards/host.h"
#include "meters/kit/production.h"
#include "meters/water/water.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    mw_host_flash nor;
    mw_production p;
    if (size < 2 || mw_host_flash_init(&nor, 512, 4) != MW_OK)
        return 0;
    mw_flash flash = mw_host_flash_interface(&nor);
    size_t stored = data[0] * (size_t)4;
    bool service = (data[1] & 1) != 0;
    data += 2;
    size -= 2;
    stored = stored < size ? stored : size;
    if (stored > 512)
        stored = 512;
    (void)!flash.program(flash.context, MW_PRODUCTION_AT(4) * 512, (mw_slice){data, stored});
    data += stored;
    size -= stored;
    if (mw_production_mount(&p, &flash, &mw_water_r160) == MW_OK) {
        char text[MW_PRODUCTION_LINE], answer[MW_PRODUCTION_LINE];
        size_t n = 0;
        for (size_t i = 0; i < size; i++) {
            if (data[i] != '\n' && n + 1 < sizeof text) {
                text[n++] = (char)data[i];
                continue;
            }
            text[n] = 0;
            n = 0;
            size_t got = mw_production_port(&p, text, service, answer);
            mw_assert(got >= 2 && got <= sizeof answer);
        }
        mw_meter_provision v;
        (void)!mw_production_provision(&p, &v);
    }
    mw_host_flash_fini(&nor);
    return 0;
}
