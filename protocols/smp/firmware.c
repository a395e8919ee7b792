/* SPDX-License-Identifier: Apache-2.0 */
#include "protocols/smp/firmware.h"

static void command_put(mw_smp_command *c, uint8_t code, const mw_writer *w) {
    c->code = code;
    c->size = (uint8_t)w->at;
}

void mw_smp_firmware_begin_put(const mw_smp_firmware_begin *a, mw_smp_command *command) {
    mw_writer w = mw_writer_of(MW_SPAN_OF(command->data));
    mw_write_u8(&w, a->session);
    mw_write_u32be(&w, a->bytes);
    command_put(command, MW_SMP_COMMAND_FIRMWARE_BEGIN, &w);
}

mw_status mw_smp_firmware_begin_of(const mw_smp_command *command, mw_smp_firmware_begin *out_a) {
    mw_reader r = mw_reader_of((mw_slice){command->data, command->size});
    mw_smp_firmware_begin a = {.session = mw_read_u8(&r), .bytes = 0};
    a.bytes = mw_read_u32be(&r);
    MW_TRY(r.status);
    *out_a = a;
    return MW_OK;
}

void mw_smp_firmware_status_put(uint8_t session, mw_smp_command *command) {
    mw_writer w = mw_writer_of(MW_SPAN_OF(command->data));
    mw_write_u8(&w, session);
    command_put(command, MW_SMP_COMMAND_FIRMWARE_STATUS, &w);
}

mw_status mw_smp_firmware_status_of(const mw_smp_command *command, uint8_t *out_session) {
    if (command->size < 1)
        return MW_SHORT;
    *out_session = command->data[0];
    return MW_OK;
}

void mw_smp_firmware_gaps_put(const mw_smp_firmware_gaps *g, uint8_t out[MW_SMP_FIRMWARE_GAPS]) {
    mw_writer w = mw_writer_of((mw_span){out, MW_SMP_FIRMWARE_GAPS});
    mw_write_u16be(&w, g->missing);
    mw_write_u16be(&w, g->first);
    mw_write_u32be(&w, g->map);
}

mw_status mw_smp_firmware_gaps_of(mw_slice data, mw_smp_firmware_gaps *out_g) {
    mw_reader r = mw_reader_of(data);
    mw_smp_firmware_gaps g = {.missing = mw_read_u16be(&r)};
    g.first = mw_read_u16be(&r);
    g.map = mw_read_u32be(&r);
    MW_TRY(r.status);
    *out_g = g;
    return MW_OK;
}

void mw_smp_firmware_activate_put(const mw_smp_firmware_activate *a, mw_smp_command *command) {
    mw_writer w = mw_writer_of(MW_SPAN_OF(command->data));
    mw_write_u8(&w, a->session);
    mw_write_u32be(&w, a->at_s);
    command_put(command, MW_SMP_COMMAND_FIRMWARE_ACTIVATE, &w);
}

mw_status mw_smp_firmware_activate_of(const mw_smp_command *command,
                                      mw_smp_firmware_activate *out_a) {
    mw_reader r = mw_reader_of((mw_slice){command->data, command->size});
    mw_smp_firmware_activate a = {.session = mw_read_u8(&r)};
    a.at_s = mw_read_u32be(&r);
    MW_TRY(r.status);
    *out_a = a;
    return MW_OK;
}

void mw_smp_firmware_block_put(mw_writer *w, const mw_smp_firmware_block *b) {
    uint8_t body[3 + MW_SMP_FIRMWARE_BLOCK_BYTES];
    mw_writer v = mw_writer_of(MW_SPAN_OF(body));
    mw_write_u8(&v, b->session);
    mw_write_u16be(&v, b->block);
    mw_write_bytes(&v, MW_SLICE_OF(b->data));
    mw_smp_object_put(w, MW_SMP_FIRMWARE, MW_SLICE_OF(body));
}

mw_status mw_smp_firmware_block_decode(mw_slice body, mw_smp_firmware_block *out_b) {
    mw_reader r = mw_reader_of(body);
    mw_smp_firmware_block b = {.session = mw_read_u8(&r)};
    b.block = mw_read_u16be(&r);
    mw_slice data = mw_read_bytes(&r, sizeof b.data);
    MW_TRY(r.status);
    mw_bytes_copy(b.data, data.p, sizeof b.data);
    *out_b = b;
    return MW_OK;
}
