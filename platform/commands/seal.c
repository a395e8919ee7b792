/* SPDX-License-Identifier: Apache-2.0 */
#include "platform/commands/internal.h"

/* Receptions looked through for a frame of which two copies were heard. */
enum { RECEPTIONS = 40 };

static mw_device_id id_of(uint64_t identity) {
    mw_device_id id;
    mw_writer w = mw_writer_of(MW_SPAN_OF(id.b));
    mw_write_u64be(&w, identity);
    return id;
}

/* ---- when an uplink began ---- */

typedef struct heard {
    mw_store_reception row[RECEPTIONS];
    size_t n;
} heard;

static mw_status reception_keep(void *ctx, const mw_store_reception *r) {
    heard *h = ctx;
    if (h->n < RECEPTIONS)
        h->row[h->n++] = *r;
    return MW_OK;
}

/* Time between the first symbols of copies 0 and `copy`. */
static int64_t copy_after_us(uint32_t counter, unsigned copy, unsigned symbols, uint32_t bd) {
    int64_t at = 0;
    for (unsigned i = 1; i <= copy; i++)
        at += symbols + mw_unb_hop_of(counter % MW_UNB_HOP_ROWS, i).gap;
    return at * 1000000 / bd;
}

/* The two receptions are copies of one frame: which was the earlier one? A station's clock is good
 * to 10 ms and the gaps differ by more. */
static bool copies_tell(const mw_store_reception *a, const mw_store_reception *b,
                        mw_utc *out_began) {
    mw_unb_rate rate;
    mw_unb_size size;
    if (mw_unb_rate_of_name(mw_slice_of_str(a->rate), &rate) != MW_OK ||
        mw_unb_size_of_name(mw_slice_of_str(a->size), &size) != MW_OK)
        return false;
    if (b->received.us < a->received.us) {
        const mw_store_reception *swap = a;
        a = b;
        b = swap;
    }
    unsigned symbols = mw_unb_layout_of(size)->symbols;
    uint32_t bd = mw_unb_rate_bd(rate);
    int64_t apart = b->received.us - a->received.us, tolerance = 3 * INT64_C(1000000) / bd + 20000;
    for (unsigned first = 0; first < MW_UNB_COPIES_MAX; first++)
        for (unsigned second = first + 1; second < MW_UNB_COPIES_MAX; second++) {
            int64_t lead = copy_after_us(a->counter, first, symbols, bd);
            int64_t d = copy_after_us(a->counter, second, symbols, bd) - lead - apart;
            if (d <= tolerance && d >= -tolerance) {
                *out_began = (mw_utc){a->received.us - lead};
                return true;
            }
        }
    return false;
}

mw_status mw_commands_uplink_began(mw_commands *c, const mw_store_command *cmd, uint8_t copies,
                                   uint32_t *out_counter, mw_utc *out_began) {
    heard h = {.n = 0};
    MW_TRY(mw_store_receptions(c->o.store, cmd->tenant, cmd->device, 0, RECEPTIONS, reception_keep,
                               &h));
    for (size_t i = 0; i < h.n; i++) {
        if (copies == 1) {
            *out_counter = h.row[i].counter;
            *out_began = h.row[i].received;
            return MW_OK;
        }
        for (size_t k = i + 1; k < h.n; k++)
            if (h.row[k].counter == h.row[i].counter &&
                copies_tell(&h.row[i], &h.row[k], out_began)) {
                *out_counter = h.row[i].counter;
                return MW_OK;
            }
    }
    return MW_NOT_FOUND;
}

/* ---- what the command says ---- */

/* Commands whose data depend on the moment of sealing. */
static mw_status time_data(mw_commands *c, const mw_store_command *cmd, mw_smp_command *smp) {
    mw_commands_route route;
    uint32_t counter = 0;
    mw_utc began = MW_UTC_NONE;
    MW_TRY(mw_commands_route_find(c, cmd, cmd->changed, 0, &route));
    MW_TRY(mw_commands_uplink_began(c, cmd, route.copies, &counter, &began));
    mw_smp_uplink_time a = {.counter_low = (uint16_t)(counter & 0xFFF),
                            .step = cmd->size > 0 && cmd->data[0] == 1,
                            .ms = (uint16_t)(began.us / 1000 % 1000)};
    MW_TRY(mw_smp_seconds_of_utc(began, &a.time_s));
    return mw_smp_set_time_put(&a, smp);
}

static mw_status key_data(mw_commands *c, const mw_store_command *cmd,
                          const mw_store_device *device, const mw_key *master, uint32_t epoch,
                          mw_smp_command *smp) {
    mw_device_id id = id_of(device->identity);
    if (cmd->code == MW_SMP_COMMAND_KEY_EPOCH) {
        mw_smp_key_epoch a = {.epoch_low = (uint8_t)(epoch + 1)};
        MW_TRY(mw_smp_key_epoch_prove(&mw_crypto_openssl, master, &id, epoch + 1, a.proof));
        mw_smp_key_epoch_put(&a, smp);
        return MW_OK;
    }
    mw_smp_group_key g = {.group = MW_SMP_GROUP_ALL};
    mw_key group_master, key;
    MW_TRY(mw_registry_network_key(c->o.registry, cmd->tenant, &g.epoch, group_master.b));
    mw_status s = mw_key_derive_group(&mw_crypto_openssl, &group_master, g.group, g.epoch, &key);
    mw_key_wipe(&group_master);
    MW_TRY(s);
    s = mw_smp_group_key_wrap(&mw_crypto_openssl, master, &id, epoch, device->network_address, &key,
                              &g);
    mw_key_wipe(&key);
    MW_TRY(s);
    mw_smp_group_key_put(&g, smp);
    return MW_OK;
}

static mw_status objects_of(mw_commands *c, const mw_store_command *cmd,
                            const mw_store_device *device, const mw_key *master, uint32_t epoch,
                            mw_writer *w) {
    mw_smp_command smp = {.id = cmd->smp_id, .code = cmd->code, .size = cmd->size};
    mw_bytes_copy(smp.data, cmd->data, cmd->size);
    MW_TRY(mw_smp_seconds_of_utc(cmd->expires, &smp.expires_s));
    if (cmd->code == MW_SMP_COMMAND_SET_TIME)
        MW_TRY(time_data(c, cmd, &smp));
    if (cmd->code == MW_SMP_COMMAND_KEY_EPOCH || cmd->code == MW_SMP_COMMAND_GROUP_KEY)
        MW_TRY(key_data(c, cmd, device, master, epoch, &smp));
    mw_smp_order_put(w, &smp);
    return w->status;
}

/* ---- frames ---- */

typedef struct form {
    size_t bytes;
    bool full;
} form;

/* The smallest frame that holds n bytes of objects, with the whole counter where it fits. */
static mw_status form_find(size_t n, mw_unb_rate rate, bool full_needed, form *out) {
    static const size_t sizes[] = {MW_UNB_PAYLOAD_M, MW_UNB_PAYLOAD_L};
    for (size_t i = 0; i < 2; i++) {
        if (i == 1 && !mw_unb_allowed(rate, MW_UNB_L))
            break;
        bool full = n <= mw_smp_frame_room(sizes[i], MW_SMP_DOWN, true);
        if (full || (!full_needed && n <= mw_smp_frame_room(sizes[i], MW_SMP_DOWN, false))) {
            *out = (form){sizes[i], full};
            return MW_OK;
        }
    }
    return MW_SPACE;
}

/* Whether the meter can place a counter by its low bits alone. */
static bool placeable(const mw_store_counter *known, uint32_t counter) {
    return known->heard && counter > known->confirmed &&
           counter - known->confirmed <= 4096 - MW_SMP_COUNTER_BACK;
}

static mw_status frame_make(const mw_key *key, const mw_smp_frame_info *info, mw_slice objects,
                            size_t bytes, mw_commands_frame *out) {
    mw_crypto_ctx ctx;
    size_t n = 0;
    MW_TRY(mw_crypto_init(&ctx, &mw_crypto_openssl, key));
    mw_status s = mw_smp_frame_seal(&ctx, info, objects, bytes, MW_SPAN_OF(out->payload), &n);
    mw_crypto_fini(&ctx);
    MW_TRY(s);
    out->bytes = (uint8_t)n;
    out->counter = info->counter;
    out->address = info->address;
    out->key_epoch = info->epoch;
    return MW_OK;
}

static mw_status seal_with(mw_commands *c, const mw_store_command *cmd,
                           const mw_store_device *device, const mw_key *master, uint32_t epoch,
                           mw_unb_rate rate, mw_commands_frame *out_frame,
                           bool *out_counter_known) {
    uint8_t memory[64];
    mw_writer w = mw_writer_of(MW_SPAN_OF(memory));
    MW_TRY(objects_of(c, cmd, device, master, epoch, &w));
    mw_store_counter known = {0};
    mw_status s = mw_store_counter_get(c->o.store, cmd->tenant, cmd->device, epoch, &known);
    if (s != MW_OK && s != MW_NOT_FOUND)
        return s;
    form f;
    uint32_t counter = 0;
    MW_TRY(form_find(w.at, rate, false, &f));
    *out_counter_known = false;
    if (!f.full && !known.heard)
        MW_TRY(form_find(w.at, rate, true, &f)); /* before a counter is spent on it */
    MW_TRY(mw_sender_take(c->o.sender, cmd->tenant, cmd->device, epoch, &counter));
    if (!f.full && !placeable(&known, counter))
        MW_TRY(form_find(w.at, rate, true, &f));
    *out_counter_known = true;
    mw_device_id id = id_of(device->identity);
    mw_key down;
    MW_TRY(mw_key_derive_device(&mw_crypto_openssl, master, &id, epoch, MW_KEY_DOWN, &down));
    mw_smp_frame_info info = {.direction = MW_SMP_DOWN,
                              .address = device->network_address,
                              .epoch = epoch,
                              .counter = counter,
                              .full = f.full};
    s = frame_make(&down, &info, mw_writer_done(&w), f.bytes, out_frame);
    mw_key_wipe(&down);
    return s;
}

mw_status mw_commands_seal(mw_commands *c, const mw_store_command *cmd,
                           const mw_store_device *device, mw_unb_rate rate, mw_utc now,
                           mw_commands_frame *out_frame, bool *out_counter_known) {
    mw_store_device_state state = {0};
    mw_key master;
    (void)now;
    *out_counter_known = true;
    mw_status s = mw_store_device_state_get(c->o.store, cmd->tenant, cmd->device, &state);
    if (s != MW_OK && s != MW_NOT_FOUND)
        return s;
    MW_TRY(mw_registry_key(c->o.registry, cmd->tenant, device, master.b));
    s = seal_with(c, cmd, device, &master, state.key_epoch, rate, out_frame, out_counter_known);
    mw_key_wipe(&master);
    return s;
}

mw_status mw_commands_seal_group(mw_commands *c, int64_t tenant, mw_slice objects,
                                 mw_commands_frame *out_frame) {
    mw_key group_master, key;
    uint32_t epoch = 0, counter = 0;
    MW_TRY(mw_registry_network_key(c->o.registry, tenant, &epoch, group_master.b));
    mw_status s =
        mw_key_derive_group(&mw_crypto_openssl, &group_master, MW_SMP_GROUP_ALL, epoch, &key);
    mw_key_wipe(&group_master);
    MW_TRY(s);
    s = mw_sender_take(c->o.sender, tenant, -(int64_t)MW_SMP_GROUP_ALL, epoch, &counter);
    mw_smp_frame_info info = {.direction = MW_SMP_DOWN,
                              .address = MW_SMP_GROUP_ALL,
                              .epoch = epoch,
                              .counter = counter,
                              .full = true};
    if (s == MW_OK)
        s = frame_make(&key, &info, objects, MW_UNB_PAYLOAD_M, out_frame);
    mw_key_wipe(&key);
    return s;
}
