/* SPDX-License-Identifier: Apache-2.0 */
#include "protocols/smp/frame.h"

#define CONTROL_VERSION    0x8000u
#define CONTROL_EXTENSION  0x4000u
#define CONTROL_FULL       0x2000u
#define CONTROL_EPOCH      0x1000u
#define COUNTER_LOW_BITS   12
#define COUNTER_LOW_MASK   0x0FFFu

#define EXTENSION_CRITICAL 0x80u

/* The first byte of a nonce: directions and groups never share one. */
enum { NONCE_UP = 1, NONCE_DOWN = 2, NONCE_GROUP = 3 };

static size_t tag_bytes(mw_smp_direction direction) {
    return direction == MW_SMP_UP ? MW_SMP_TAG_UP : MW_SMP_TAG_DOWN;
}

static mw_status check_address(uint32_t address, mw_smp_direction direction) {
    if (address == MW_SMP_ADDRESS_NONE)
        return MW_RANGE;
    if (direction == MW_SMP_UP && mw_smp_address_is_group(address))
        return MW_RANGE;
    return MW_OK;
}

mw_status mw_smp_header_decode(mw_slice frame, mw_smp_direction direction,
                               mw_smp_header *out_header) {
    if (frame.n > MW_SMP_FRAME_MAX)
        return MW_RANGE;
    mw_reader r = mw_reader_of(frame);
    mw_smp_header h = {.address = mw_read_u32be(&r)};
    uint16_t control = mw_read_u16be(&r);
    if (r.status != MW_OK)
        return r.status;
    if ((control & CONTROL_VERSION) != 0)
        return MW_UNSUPPORTED;
    MW_TRY(check_address(h.address, direction));
    h.counter_low = control & COUNTER_LOW_MASK;
    h.counter = h.counter_low;
    h.epoch_low = (control & CONTROL_EPOCH) != 0;
    h.epoch_bits = 1;
    if ((control & CONTROL_FULL) != 0) {
        uint32_t high = mw_read_u24be(&r);
        h.full = true;
        h.counter |= high >> 4 << COUNTER_LOW_BITS;
        h.epoch_low = (uint8_t)(h.epoch_low | (high & 0xFu) << 1);
        h.epoch_bits = 5;
    }
    if ((control & CONTROL_EXTENSION) != 0) {
        uint8_t lead = mw_read_u8(&r);
        h.extension = mw_read_bytes(&r, lead & 0x0Fu);
        h.extension_kind = lead >> 4 & 7u;
        if (r.status == MW_OK && (lead & EXTENSION_CRITICAL) != 0)
            return MW_UNSUPPORTED;
    }
    h.size = r.at;
    if (r.status != MW_OK || mw_reader_left(&r) < tag_bytes(direction))
        return MW_SHORT;
    *out_header = h;
    return MW_OK;
}

bool mw_smp_epoch_matches(const mw_smp_header *header, uint32_t epoch) {
    uint32_t mask = (1u << header->epoch_bits) - 1;
    return (epoch & mask) == header->epoch_low;
}

mw_status mw_smp_counter_resolve(uint16_t low, uint32_t newest, uint32_t *out_counter) {
    if (low > COUNTER_LOW_MASK)
        return MW_RANGE;
    uint32_t ahead = (low - newest) & COUNTER_LOW_MASK;
    uint32_t behind = COUNTER_LOW_MASK + 1 - ahead;
    if (behind < MW_SMP_COUNTER_BACK && behind <= newest) {
        *out_counter = newest - behind;
        return MW_OK;
    }
    if (ahead > UINT32_MAX - newest)
        return MW_RANGE;
    *out_counter = newest + ahead;
    return MW_OK;
}

static size_t header_bytes(bool full) {
    return MW_SMP_HEADER_MIN + (full ? 3u : 0u);
}

size_t mw_smp_frame_room(size_t frame_size, mw_smp_direction direction, bool full) {
    size_t fixed = header_bytes(full) + tag_bytes(direction);
    return frame_size > fixed && frame_size <= MW_SMP_FRAME_MAX ? frame_size - fixed : 0;
}

static void nonce_of(mw_smp_direction direction, uint32_t address, uint32_t epoch, uint32_t counter,
                     uint8_t out[MW_CCM_NONCE]) {
    mw_writer w = mw_writer_of((mw_span){out, MW_CCM_NONCE});
    mw_write_u8(&w, direction == MW_SMP_UP             ? NONCE_UP
                    : mw_smp_address_is_group(address) ? NONCE_GROUP
                                                       : NONCE_DOWN);
    mw_write_u32be(&w, address);
    mw_write_u32be(&w, epoch);
    mw_write_u32be(&w, counter);
}

mw_status mw_smp_frame_seal(mw_crypto_ctx *ctx, const mw_smp_frame_info *info, mw_slice objects,
                            size_t frame_size, mw_span out, size_t *out_size) {
    MW_TRY(check_address(info->address, info->direction));
    size_t tag = tag_bytes(info->direction);
    size_t header = header_bytes(info->full);
    size_t size = frame_size != 0 ? frame_size : header + objects.n + tag;
    if (size > MW_SMP_FRAME_MAX)
        return MW_RANGE;
    if (size < header + objects.n + tag || size > out.n)
        return MW_SPACE;

    mw_writer w = mw_writer_of(out);
    mw_write_u32be(&w, info->address);
    mw_write_u16be(&w, (uint16_t)((info->full ? CONTROL_FULL : 0) |
                                  ((info->epoch & 1) != 0 ? CONTROL_EPOCH : 0) |
                                  (info->counter & COUNTER_LOW_MASK)));
    if (info->full)
        mw_write_u24be(&w, info->counter >> COUNTER_LOW_BITS << 4 | (info->epoch >> 1 & 0xFu));

    uint8_t padded[MW_SMP_FRAME_MAX] = {0};
    size_t room = size - header - tag;
    mw_bytes_copy(padded, objects.p, objects.n);
    uint8_t nonce[MW_CCM_NONCE];
    nonce_of(info->direction, info->address, info->epoch, info->counter, nonce);
    mw_status s = mw_ccm_seal(ctx, MW_SLICE_OF(nonce), (mw_slice){out.p, header},
                              (mw_slice){padded, room}, tag, (mw_span){out.p + header, room + tag});
    mw_bytes_wipe(padded, sizeof padded);
    if (s == MW_OK)
        *out_size = size;
    return s;
}

mw_status mw_smp_frame_open(mw_crypto_ctx *ctx, mw_smp_direction direction, mw_slice frame,
                            uint32_t epoch, uint32_t counter, mw_span out, mw_slice *out_objects) {
    mw_smp_header h;
    MW_TRY(mw_smp_header_decode(frame, direction, &h));
    uint32_t sent = h.full ? UINT32_MAX : COUNTER_LOW_MASK;
    if (!mw_smp_epoch_matches(&h, epoch) || (counter & sent) != h.counter)
        return MW_RANGE;
    uint8_t nonce[MW_CCM_NONCE];
    nonce_of(direction, h.address, epoch, counter, nonce);
    size_t tag = tag_bytes(direction);
    mw_slice sealed = mw_slice_sub(frame, h.size, frame.n - h.size);
    MW_TRY(mw_ccm_open(ctx, MW_SLICE_OF(nonce), mw_slice_sub(frame, 0, h.size), sealed, tag, out));
    *out_objects = (mw_slice){out.p, sealed.n - tag};
    return MW_OK;
}
