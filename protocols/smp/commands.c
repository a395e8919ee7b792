/* SPDX-License-Identifier: Apache-2.0 */
#include "protocols/smp/commands.h"

#include "protocols/smp/day.h"
#include "protocols/smp/frame.h"

static const char proof_label[] = "MW-KEY-EPOCH";

bool mw_smp_code_is_request(uint8_t code) {
    switch (code) {
    case MW_SMP_COMMAND_PING:
    case MW_SMP_COMMAND_READ_DAY:
    case MW_SMP_COMMAND_READ_CONFIG:
    case MW_SMP_COMMAND_SET_TIME: /* refers to a recent frame of the meter: that is its expiry */
    case MW_SMP_COMMAND_HEALTH:
    case MW_SMP_COMMAND_KEY_EPOCH: /* to the next epoch only */
    case MW_SMP_COMMAND_GROUP_KEY:
    case MW_SMP_COMMAND_READ_ARCHIVE:
    case MW_SMP_COMMAND_FIRMWARE_STATUS:
        return true;
    default:
        return false;
    }
}

void mw_smp_order_put(mw_writer *w, const mw_smp_command *command) {
    if (mw_smp_code_is_request(command->code))
        mw_smp_request_put(w, command);
    else
        mw_smp_command_put(w, command);
}

mw_status mw_smp_order_decode(const mw_smp_object *object, mw_smp_command *out_command) {
    if (object->type == MW_SMP_COMMAND)
        return mw_smp_command_decode(object->body, out_command);
    if (object->type != MW_SMP_REQUEST)
        return MW_NOT_FOUND;
    mw_smp_command c;
    MW_TRY(mw_smp_request_decode(object->body, &c));
    /* Codes that this version does not know are answered as unknown, whichever form they have. */
    if (c.code == MW_SMP_COMMAND_RESTART || c.code == MW_SMP_COMMAND_RELAY ||
        c.code == MW_SMP_COMMAND_SET_CONFIG || c.code == MW_SMP_COMMAND_SET_CONFIG_AT ||
        c.code == MW_SMP_COMMAND_FIRMWARE_BEGIN || c.code == MW_SMP_COMMAND_FIRMWARE_ACTIVATE ||
        c.code == MW_SMP_COMMAND_SCHEDULE)
        return MW_FORBIDDEN;
    *out_command = c;
    return MW_OK;
}

static mw_writer data_writer(mw_smp_command *c) {
    return mw_writer_of(MW_SPAN_OF(c->data));
}

static mw_status data_done(const mw_writer *w, mw_smp_command *c) {
    MW_TRY(w->status);
    c->size = (uint8_t)w->at;
    return MW_OK;
}

static mw_reader data_reader(const mw_smp_command *c) {
    return mw_reader_of((mw_slice){c->data, c->size});
}

mw_status mw_smp_read_hours_put(const mw_smp_read_hours *a, mw_smp_command *command) {
    bool day = command->code == MW_SMP_COMMAND_READ_DAY;
    if (a->hours == 0 || a->hours > (day ? MW_SMP_HOURS_MAX : MW_SMP_ARCHIVE_HOURS) ||
        a->end_hour > MW_SMP_HOUR_MAX)
        return MW_RANGE;
    mw_writer w = data_writer(command);
    mw_write_u8(&w, a->channel);
    mw_write_u32be(&w, a->end_hour);
    if (day)
        mw_write_u8(&w, (uint8_t)a->hours);
    else
        mw_write_u16be(&w, a->hours);
    return data_done(&w, command);
}

mw_status mw_smp_read_hours_of(const mw_smp_command *command, mw_smp_read_hours *out_a) {
    bool day = command->code == MW_SMP_COMMAND_READ_DAY;
    mw_reader r = data_reader(command);
    mw_smp_read_hours a = {.channel = mw_read_u8(&r)};
    a.end_hour = mw_read_u32be(&r);
    a.hours = day ? mw_read_u8(&r) : mw_read_u16be(&r);
    MW_TRY(r.status);
    if (a.hours == 0 || a.hours > (day ? MW_SMP_HOURS_MAX : MW_SMP_ARCHIVE_HOURS) ||
        a.end_hour > MW_SMP_HOUR_MAX || a.hours > a.end_hour)
        return MW_RANGE;
    *out_a = a;
    return MW_OK;
}

void mw_smp_read_config_put(uint16_t key, mw_smp_command *command) {
    mw_writer w = data_writer(command);
    mw_write_u16be(&w, key);
    command->size = (uint8_t)w.at;
}

mw_status mw_smp_read_config_of(const mw_smp_command *command, uint16_t *out_key) {
    mw_reader r = data_reader(command);
    uint16_t key = mw_read_u16be(&r);
    MW_TRY(r.status);
    *out_key = key;
    return MW_OK;
}

mw_status mw_smp_set_config_put(const mw_smp_config *config, mw_smp_command *command) {
    mw_writer w = data_writer(command);
    if (config->count == 0 || config->count > MW_SMP_CONFIG_MAX)
        return MW_RANGE;
    mw_write_u8(&w, config->count);
    for (unsigned i = 0; i < config->count; i++) {
        mw_write_u16be(&w, config->item[i].key);
        mw_write_varint_signed(&w, config->item[i].value);
    }
    return data_done(&w, command);
}

mw_status mw_smp_set_config_of(const mw_smp_command *command, mw_smp_config *out_config) {
    return mw_smp_config_decode((mw_slice){command->data, command->size}, out_config);
}

mw_status mw_smp_set_config_at_put(uint32_t at_s, const mw_smp_config *config,
                                   mw_smp_command *command) {
    mw_smp_command body = {.size = 0};
    if (config->count > 0)
        MW_TRY(mw_smp_set_config_put(config, &body));
    mw_writer w = data_writer(command);
    mw_write_u32be(&w, at_s);
    mw_write_bytes(&w, (mw_slice){body.data, body.size});
    return data_done(&w, command);
}

mw_status mw_smp_set_config_at_of(const mw_smp_command *command, uint32_t *out_at_s,
                                  mw_smp_config *out_config) {
    mw_reader r = data_reader(command);
    uint32_t at_s = mw_read_u32be(&r);
    mw_slice body = mw_read_bytes(&r, mw_reader_left(&r));
    MW_TRY(r.status);
    mw_smp_config config = {0};
    if (body.n > 0)
        MW_TRY(mw_smp_config_decode(body, &config));
    *out_at_s = at_s;
    *out_config = config;
    return MW_OK;
}

void mw_smp_relay_put(bool closed, mw_smp_command *command) {
    command->data[0] = closed ? 1 : 0;
    command->size = 1;
}

mw_status mw_smp_relay_of(const mw_smp_command *command, bool *out_closed) {
    if (command->size < 1)
        return MW_SHORT;
    if (command->data[0] > 1)
        return MW_RANGE;
    *out_closed = command->data[0] == 1;
    return MW_OK;
}

mw_status mw_smp_schedule_cut(mw_slice schedule, uint8_t session, unsigned number,
                              mw_smp_schedule_part *out_part) {
    unsigned parts = mw_smp_schedule_parts(schedule.n);
    if (parts > MW_SMP_SCHEDULE_PARTS || number >= parts)
        return MW_RANGE;
    size_t at = (size_t)number * MW_SMP_SCHEDULE_PART, left = schedule.n - at;
    mw_smp_schedule_part p = {
        .session = session,
        .number = (uint8_t)number,
        .parts = (uint8_t)parts,
        .size = (uint8_t)(left < MW_SMP_SCHEDULE_PART ? left : MW_SMP_SCHEDULE_PART)};
    mw_bytes_copy(p.data, schedule.p + at, p.size);
    *out_part = p;
    return MW_OK;
}

void mw_smp_schedule_put(const mw_smp_schedule_part *a, mw_smp_command *command) {
    mw_writer w = data_writer(command);
    mw_write_u8(&w, a->session);
    mw_write_u8(&w, a->number);
    mw_write_u8(&w, a->parts);
    mw_write_bytes(&w, (mw_slice){a->data, a->size});
    command->size = (uint8_t)w.at;
}

mw_status mw_smp_schedule_of(const mw_smp_command *command, mw_smp_schedule_part *out_a) {
    mw_reader r = data_reader(command);
    mw_smp_schedule_part a = {.session = mw_read_u8(&r)};
    a.number = mw_read_u8(&r);
    a.parts = mw_read_u8(&r);
    a.size = (uint8_t)mw_reader_left(&r);
    mw_slice data = mw_read_bytes(&r, a.size);
    MW_TRY(r.status);
    if (a.parts > MW_SMP_SCHEDULE_PARTS || a.number >= a.parts || a.size == 0 ||
        (a.number + 1 < a.parts && a.size != MW_SMP_SCHEDULE_PART))
        return MW_RANGE;
    mw_bytes_copy(a.data, data.p, data.n);
    *out_a = a;
    return MW_OK;
}

mw_status mw_smp_set_time_put(const mw_smp_uplink_time *a, mw_smp_command *command) {
    if (a->counter_low > 0x0FFF || a->ms > 999)
        return MW_RANGE;
    mw_writer w = data_writer(command);
    mw_write_u16be(&w, (uint16_t)(a->counter_low | (a->step ? 0x8000 : 0)));
    mw_write_u32be(&w, a->time_s);
    mw_write_u16be(&w, a->ms);
    return data_done(&w, command);
}

mw_status mw_smp_set_time_of(const mw_smp_command *command, mw_smp_uplink_time *out_a) {
    mw_reader r = data_reader(command);
    uint16_t counter = mw_read_u16be(&r);
    mw_smp_uplink_time a = {.counter_low = counter & 0x0FFF, .step = (counter & 0x8000) != 0};
    a.time_s = mw_read_u32be(&r);
    a.ms = mw_read_u16be(&r);
    MW_TRY(r.status);
    if (a.ms > 999 || (counter & 0x7000) != 0)
        return MW_RANGE;
    *out_a = a;
    return MW_OK;
}

/* ---- keys ---- */

mw_status mw_smp_key_epoch_prove(const mw_crypto *impl, const mw_key *master,
                                 const mw_device_id *id, uint32_t new_epoch,
                                 uint8_t out_proof[MW_SMP_EPOCH_PROOF]) {
    mw_key wrap;
    mw_crypto_ctx ctx;
    uint8_t message[sizeof proof_label - 1 + sizeof id->b + 4], mac[MW_CMAC_BYTES];
    mw_writer w = mw_writer_of(MW_SPAN_OF(message));
    mw_write_bytes(&w, (mw_slice){(const uint8_t *)proof_label, sizeof proof_label - 1});
    mw_write_bytes(&w, MW_SLICE_OF(id->b));
    mw_write_u32be(&w, new_epoch);
    MW_TRY(mw_key_derive_device(impl, master, id, new_epoch, MW_KEY_GROUP_WRAP, &wrap));
    mw_status s = mw_crypto_init(&ctx, impl, &wrap);
    mw_key_wipe(&wrap);
    MW_TRY(s);
    s = mw_cmac(&ctx, mw_writer_done(&w), mac);
    mw_crypto_fini(&ctx);
    MW_TRY(s);
    mw_bytes_copy(out_proof, mac, MW_SMP_EPOCH_PROOF);
    return MW_OK;
}

void mw_smp_key_epoch_put(const mw_smp_key_epoch *a, mw_smp_command *command) {
    mw_writer w = data_writer(command);
    mw_write_u8(&w, a->epoch_low);
    mw_write_bytes(&w, MW_SLICE_OF(a->proof));
    command->size = (uint8_t)w.at;
}

mw_status mw_smp_key_epoch_of(const mw_smp_command *command, mw_smp_key_epoch *out_a) {
    mw_reader r = data_reader(command);
    mw_smp_key_epoch a = {.epoch_low = mw_read_u8(&r)};
    mw_slice proof = mw_read_bytes(&r, sizeof a.proof);
    MW_TRY(r.status);
    mw_bytes_copy(a.proof, proof.p, proof.n);
    *out_a = a;
    return MW_OK;
}

/* Prepares the group-wrap key and writes the nonce. */
static mw_status wrap_begin(const mw_crypto *impl, const mw_key *master, const mw_device_id *id,
                            uint32_t wrap_epoch, uint32_t address, const mw_smp_group_key *a,
                            uint8_t out_nonce[MW_CCM_NONCE], mw_crypto_ctx *out_ctx) {
    if (!mw_smp_address_is_group(a->group))
        return MW_RANGE;
    mw_writer w = mw_writer_of((mw_span){out_nonce, MW_CCM_NONCE});
    mw_write_u8(&w, 4);
    mw_write_u32be(&w, address);
    mw_write_u32be(&w, a->epoch);
    mw_write_u32be(&w, a->group);
    mw_key wrap;
    MW_TRY(mw_key_derive_device(impl, master, id, wrap_epoch, MW_KEY_GROUP_WRAP, &wrap));
    mw_status s = mw_crypto_init(out_ctx, impl, &wrap);
    mw_key_wipe(&wrap);
    return s;
}

mw_status mw_smp_group_key_wrap(const mw_crypto *impl, const mw_key *master, const mw_device_id *id,
                                uint32_t wrap_epoch, uint32_t address, const mw_key *key,
                                mw_smp_group_key *io) {
    uint8_t nonce[MW_CCM_NONCE];
    mw_crypto_ctx ctx;
    MW_TRY(wrap_begin(impl, master, id, wrap_epoch, address, io, nonce, &ctx));
    mw_status s = mw_ccm_seal(&ctx, MW_SLICE_OF(nonce), MW_SLICE_OF(id->b), MW_SLICE_OF(key->b), 8,
                              MW_SPAN_OF(io->wrapped));
    mw_crypto_fini(&ctx);
    return s;
}

mw_status mw_smp_group_key_unwrap(const mw_crypto *impl, const mw_key *master,
                                  const mw_device_id *id, uint32_t wrap_epoch, uint32_t address,
                                  const mw_smp_group_key *a, mw_key *out_key) {
    uint8_t nonce[MW_CCM_NONCE];
    mw_crypto_ctx ctx;
    mw_key key;
    MW_TRY(wrap_begin(impl, master, id, wrap_epoch, address, a, nonce, &ctx));
    mw_status s = mw_ccm_open(&ctx, MW_SLICE_OF(nonce), MW_SLICE_OF(id->b), MW_SLICE_OF(a->wrapped),
                              8, MW_SPAN_OF(key.b));
    mw_crypto_fini(&ctx);
    if (s == MW_OK)
        *out_key = key;
    mw_key_wipe(&key);
    return s;
}

void mw_smp_group_key_put(const mw_smp_group_key *a, mw_smp_command *command) {
    mw_writer w = data_writer(command);
    mw_write_u32be(&w, a->group);
    mw_write_u32be(&w, a->epoch);
    mw_write_bytes(&w, MW_SLICE_OF(a->wrapped));
    command->size = (uint8_t)w.at;
}

mw_status mw_smp_group_key_of(const mw_smp_command *command, mw_smp_group_key *out_a) {
    mw_reader r = data_reader(command);
    mw_smp_group_key a = {.group = mw_read_u32be(&r)};
    a.epoch = mw_read_u32be(&r);
    mw_slice wrapped = mw_read_bytes(&r, sizeof a.wrapped);
    MW_TRY(r.status);
    if (!mw_smp_address_is_group(a.group))
        return MW_RANGE;
    mw_bytes_copy(a.wrapped, wrapped.p, wrapped.n);
    *out_a = a;
    return MW_OK;
}
