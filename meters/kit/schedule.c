/* SPDX-License-Identifier: Apache-2.0 */
#include "meters/kit/schedule.h"

static uint64_t all_of(unsigned parts) {
    return (UINT64_C(1) << parts) - 1;
}

mw_status mw_schedule_part(mw_schedule *s, const mw_smp_command *c) {
    mw_smp_schedule_part p;
    if (s == NULL)
        return MW_NOT_FOUND;
    MW_TRY(mw_smp_schedule_of(c, &p));
    if (s->session != p.session || s->parts != p.parts) {
        s->session = p.session;
        s->parts = p.parts;
        s->have = 0;
    }
    mw_bytes_copy(s->data + (size_t)p.number * MW_SMP_SCHEDULE_PART, p.data, p.size);
    s->have |= UINT64_C(1) << p.number;
    if (p.number + 1 == p.parts)
        s->bytes = (uint16_t)(p.number * MW_SMP_SCHEDULE_PART + p.size);
    if (s->have != all_of(s->parts))
        return MW_OK;
    s->parts = 0;
    return s->take(s->context, (mw_slice){s->data, s->bytes});
}

mw_status mw_schedule_key_get(const mw_schedule *s, uint16_t key, int64_t *out_value) {
    uint32_t checksum = 0, from_s = 0;
    if (s == NULL)
        return MW_NOT_FOUND;
    s->newest(s->context, &checksum, &from_s);
    switch (key) {
    case MW_SMP_KEY_SCHEDULE:
        *out_value = checksum;
        return MW_OK;
    case MW_SMP_KEY_SCHEDULE_FROM:
        *out_value = from_s;
        return MW_OK;
    case MW_SMP_KEY_SCHEDULE_MISSING:
        *out_value = (int64_t)(all_of(s->parts) & ~s->have);
        return MW_OK;
    default:
        return MW_NOT_FOUND;
    }
}
