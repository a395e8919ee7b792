/* SPDX-License-Identifier: Apache-2.0 */
#include "meters/kit/production.h"

#include "base/assert.h"
#include "base/crc.h"
#include "crypto/crypto.h"

#define SLOTS_KEPT   2 /* for the lock and the mark of erasure */
#define MESSAGE_MAX  (3 * (MW_PRODUCTION_TAGS + MW_PRODUCTION_CALIBRATIONS) + 128 + 512 + 56)
#define PLAN_MAX     24
#define PIECES       MW_PRODUCTION_CALIBRATIONS
#define ADDRESS_LAST UINT32_C(0xFEFFFFFF)

static uint32_t slot_count(const mw_production *p) {
    return MW_PRODUCTION_SECTORS * (p->flash->sector_bytes / MW_PRODUCTION_SLOT);
}

static uint32_t address_of(const mw_production *p, uint32_t slot) {
    uint32_t per = p->flash->sector_bytes / MW_PRODUCTION_SLOT;
    return (MW_PRODUCTION_AT(p->flash->sector_count) + slot / per) * p->flash->sector_bytes +
           slot % per * MW_PRODUCTION_SLOT;
}

typedef struct item {
    uint8_t tag, index, length;
    uint8_t data[MW_PRODUCTION_DATA];
} item;

static bool blank(mw_slice s) {
    for (size_t i = 0; i < s.n; i++)
        if (s.p[i] != 0xFF)
            return false;
    return true;
}

/* MW_NOT_FOUND: blank. MW_CHECKSUM: torn. */
static mw_status slot_read(const mw_production *p, uint32_t slot, item *out) {
    uint8_t b[MW_PRODUCTION_SLOT];
    MW_TRY(p->flash->read(p->flash->context, address_of(p, slot), MW_SPAN_OF(b)));
    if (blank(MW_SLICE_OF(b)))
        return MW_NOT_FOUND;
    mw_reader r = mw_reader_of((mw_slice){b + MW_PRODUCTION_SLOT - 4, 4});
    if (mw_read_u32le(&r) != mw_crc32((mw_slice){b, MW_PRODUCTION_SLOT - 4}) ||
        b[2] > MW_PRODUCTION_DATA)
        return MW_CHECKSUM;
    *out = (item){.tag = b[0], .index = b[1], .length = b[2]};
    mw_bytes_copy(out->data, b + 4, sizeof out->data);
    mw_bytes_wipe(b, sizeof b);
    return MW_OK;
}

static mw_status slot_write(mw_production *p, const item *it, uint32_t kept) {
    uint8_t b[MW_PRODUCTION_SLOT], seen[MW_PRODUCTION_SLOT];
    mw_writer w = mw_writer_of(MW_SPAN_OF(b));
    mw_write_u8(&w, it->tag);
    mw_write_u8(&w, it->index);
    mw_write_u8(&w, it->length);
    mw_write_u8(&w, 0);
    mw_write_bytes(&w, MW_SLICE_OF(it->data));
    mw_write_u32le(&w, mw_crc32(mw_writer_done(&w)));
    mw_assert(w.status == MW_OK);
    mw_status s = MW_SPACE;
    while (s == MW_SPACE && p->next + kept < slot_count(p)) {
        uint32_t at = address_of(p, p->next++);
        s = p->flash->read(p->flash->context, at, MW_SPAN_OF(seen));
        if (s == MW_OK && !blank(MW_SLICE_OF(seen)))
            s = MW_SPACE;
        if (s == MW_OK)
            s = p->flash->program(p->flash->context, at, MW_SLICE_OF(b));
        if (s == MW_OK)
            s = p->flash->read(p->flash->context, at, MW_SPAN_OF(seen));
        if (s == MW_OK && !mw_slice_equal(MW_SLICE_OF(b), MW_SLICE_OF(seen)))
            s = MW_SPACE;
    }
    mw_bytes_wipe(b, sizeof b);
    mw_bytes_wipe(seen, sizeof seen);
    return s;
}

/* ---- erasing ---- */

/* The sector with the mark last: as long as it stands, a boot goes on with it. */
static mw_status wipe(mw_production *p, uint32_t marked_slot) {
    const mw_flash *f = p->flash;
    uint32_t first = MW_PRODUCTION_AT(f->sector_count);
    uint32_t marked = first + marked_slot / (f->sector_bytes / MW_PRODUCTION_SLOT);
    for (uint32_t sector = 0; sector < f->sector_count; sector++)
        if (sector != marked)
            MW_TRY(f->erase(f->context, sector));
    MW_TRY(f->erase(f->context, marked));
    p->next = 0;
    p->locked = false;
    return MW_OK;
}

mw_status mw_production_erase(mw_production *p) {
    item mark = {.tag = MW_PRODUCTION_ERASE};
    mw_status s = slot_write(p, &mark, 0);
    /* No room for the mark: the region is full of torn slots, and the last sector goes last. */
    if (s != MW_OK && s != MW_SPACE)
        return s;
    return wipe(p, p->next - 1);
}

mw_status mw_production_mount(mw_production *p, const mw_flash *flash,
                              const mw_meter_model *model) {
    if (flash->sector_count < MW_PRODUCTION_SECTORS || flash->sector_bytes < MW_PRODUCTION_SLOT)
        return MW_SPACE;
    *p = (mw_production){.flash = flash, .model = model};
    for (uint32_t slot = 0; slot < slot_count(p); slot++) {
        item it;
        mw_status s = slot_read(p, slot, &it);
        if (s == MW_NOT_FOUND)
            continue;
        if (s != MW_OK && s != MW_CHECKSUM)
            return s;
        p->next = slot + 1;
        if (s == MW_OK && it.tag == MW_PRODUCTION_LOCK)
            p->locked = true;
        if (s == MW_OK && it.tag == MW_PRODUCTION_ERASE)
            return wipe(p, slot);
    }
    return MW_OK;
}

/* ---- items ---- */

static mw_status find(const mw_production *p, uint8_t tag, uint8_t index, item *out) {
    for (uint32_t slot = p->next; slot > 0; slot--) {
        mw_status s = slot_read(p, slot - 1, out);
        if (s == MW_OK && out->tag == tag && out->index == index)
            return MW_OK;
        if (s != MW_OK && s != MW_CHECKSUM && s != MW_NOT_FOUND)
            return s;
    }
    return MW_NOT_FOUND;
}

static bool text_ok(mw_slice s, size_t max) {
    for (size_t i = 0; i < s.n; i++)
        if (s.p[i] <= ' ' || s.p[i] > '~' || s.p[i] == '"' || s.p[i] == '\\')
            return false;
    return s.n >= 1 && s.n <= max;
}

static bool item_ok(mw_production_tag tag, uint8_t index, mw_slice d) {
    if (index != 0 && (tag != MW_PRODUCTION_CALIBRATION || index >= PIECES))
        return false;
    mw_reader r = mw_reader_of(d);
    uint32_t address;
    switch (tag) {
    case MW_PRODUCTION_SERIAL:
        return text_ok(d, MW_PRODUCTION_SERIAL_MAX);
    case MW_PRODUCTION_DEVICE:
        return d.n == 8;
    case MW_PRODUCTION_ADDRESS:
        address = mw_read_u32le(&r);
        return d.n == 4 && address >= 1 && address <= ADDRESS_LAST;
    case MW_PRODUCTION_KEY:
        return d.n == MW_KEY_BYTES && !blank(d);
    case MW_PRODUCTION_EPOCH:
        return d.n == 4;
    case MW_PRODUCTION_PLAN:
        return text_ok(d, PLAN_MAX - 1);
    case MW_PRODUCTION_CONFIG:
        return d.n == MW_METER_CONFIG_PAYLOAD;
    case MW_PRODUCTION_CALIBRATION:
        return d.n >= 1 && d.n <= MW_PRODUCTION_DATA;
    default:
        return false;
    }
}

mw_status mw_production_put(mw_production *p, mw_production_tag tag, uint8_t index, mw_slice data) {
    if (p->locked)
        return MW_FORBIDDEN;
    if (!item_ok(tag, index, data))
        return MW_RANGE;
    item it;
    mw_status s = find(p, (uint8_t)tag, index, &it);
    if (s != MW_OK && s != MW_NOT_FOUND)
        return s;
    if (s != MW_OK || !mw_slice_equal(data, (mw_slice){it.data, it.length})) {
        it = (item){.tag = (uint8_t)tag, .index = index, .length = (uint8_t)data.n};
        mw_bytes_copy(it.data, data.p, data.n);
        s = slot_write(p, &it, SLOTS_KEPT);
    }
    mw_bytes_wipe(&it, sizeof it);
    return s;
}

mw_status mw_production_get(const mw_production *p, mw_production_tag tag, uint8_t index,
                            mw_span out, size_t *out_bytes) {
    item it;
    MW_TRY(find(p, (uint8_t)tag, index, &it));
    mw_status s = it.length <= out.n ? MW_OK : MW_SPACE;
    if (s == MW_OK) {
        mw_bytes_copy(out.p, it.data, it.length);
        *out_bytes = it.length;
    }
    mw_bytes_wipe(&it, sizeof it);
    return s;
}

mw_status mw_production_calibration(const mw_production *p, mw_span out, size_t *out_bytes) {
    size_t at = 0;
    for (uint8_t i = 0; i < PIECES; i++) {
        size_t n;
        mw_status s = mw_production_get(p, MW_PRODUCTION_CALIBRATION, i,
                                        (mw_span){out.p + at, out.n - at}, &n);
        if (s == MW_NOT_FOUND)
            break;
        MW_TRY(s);
        at += n;
    }
    *out_bytes = at;
    return MW_OK;
}

/* ---- lock ---- */

static mw_status message_make(const mw_production *p, mw_writer *w) {
    for (uint8_t tag = 1; tag < MW_PRODUCTION_TAGS; tag++) {
        for (uint8_t i = 0; i < PIECES && tag != MW_PRODUCTION_KEY; i++) {
            item it;
            mw_status s = find(p, tag, i, &it);
            if (s == MW_NOT_FOUND)
                break;
            MW_TRY(s);
            mw_write_u8(w, it.tag);
            mw_write_u8(w, it.index);
            mw_write_u8(w, it.length);
            mw_write_bytes(w, (mw_slice){it.data, it.length});
        }
    }
    return w->status;
}

mw_status mw_production_code(const mw_production *p, uint8_t out_code[MW_PRODUCTION_CODE]) {
    uint8_t message[MESSAGE_MAX], tag[MW_CMAC_BYTES];
    mw_key key;
    size_t n;
    mw_status s = mw_production_get(p, MW_PRODUCTION_KEY, 0, MW_SPAN_OF(key.b), &n);
    if (s == MW_NOT_FOUND)
        return MW_STATE;
    MW_TRY(s);
    mw_crypto_ctx ctx = {0};
    mw_writer w = mw_writer_of(MW_SPAN_OF(message));
    s = message_make(p, &w);
    if (s == MW_OK)
        s = mw_crypto_init(&ctx, &mw_crypto_own, &key);
    if (s == MW_OK)
        s = mw_cmac(&ctx, mw_writer_done(&w), tag);
    mw_crypto_fini(&ctx);
    mw_key_wipe(&key);
    MW_TRY(s);
    mw_bytes_copy(out_code, tag, MW_PRODUCTION_CODE);
    return MW_OK;
}

static mw_status number_get(const mw_production *p, mw_production_tag tag, uint32_t *out) {
    uint8_t b[4];
    size_t n;
    MW_TRY(mw_production_get(p, tag, 0, MW_SPAN_OF(b), &n));
    mw_reader r = mw_reader_of(MW_SLICE_OF(b));
    *out = mw_read_u32le(&r);
    return MW_OK;
}

static mw_status missing(mw_status s) {
    return s == MW_NOT_FOUND ? MW_STATE : s;
}

static mw_status read_all(const mw_production *p, mw_meter_provision *v) {
    uint8_t config[MW_METER_CONFIG_PAYLOAD];
    char plan[PLAN_MAX];
    size_t n;
    item serial;
    *v = (mw_meter_provision){.sealed = true};
    MW_TRY(missing(find(p, MW_PRODUCTION_SERIAL, 0, &serial)));
    MW_TRY(missing(mw_production_get(p, MW_PRODUCTION_DEVICE, 0, MW_SPAN_OF(v->device_id), &n)));
    MW_TRY(missing(mw_production_get(p, MW_PRODUCTION_KEY, 0, MW_SPAN_OF(v->master_key), &n)));
    MW_TRY(missing(number_get(p, MW_PRODUCTION_ADDRESS, &v->address)));
    mw_status s = number_get(p, MW_PRODUCTION_EPOCH, &v->key_epoch);
    if (s != MW_OK && s != MW_NOT_FOUND)
        return s;
    mw_span name = {(uint8_t *)plan, sizeof plan - 1};
    MW_TRY(missing(mw_production_get(p, MW_PRODUCTION_PLAN, 0, name, &n)));
    plan[n] = 0;
    if (mw_unb_plan_find(plan, &v->plan) != MW_OK)
        return MW_RANGE;
    s = mw_production_get(p, MW_PRODUCTION_CONFIG, 0, MW_SPAN_OF(config), &n);
    if (s == MW_NOT_FOUND)
        return mw_meter_config_check(&p->model->defaults, p->model, v->plan);
    MW_TRY(s);
    v->config_known = true;
    MW_TRY(mw_meter_config_decode(MW_SLICE_OF(config), &v->config));
    return mw_meter_config_check(&v->config, p->model, v->plan);
}

mw_status mw_production_lock(mw_production *p, const uint8_t code[MW_PRODUCTION_CODE]) {
    if (p->locked)
        return MW_FORBIDDEN;
    mw_meter_provision v;
    mw_status s = read_all(p, &v);
    mw_bytes_wipe(&v, sizeof v);
    MW_TRY(s);
    item lock = {.tag = MW_PRODUCTION_LOCK, .length = MW_PRODUCTION_CODE};
    MW_TRY(mw_production_code(p, lock.data));
    if (!mw_slice_equal_ct((mw_slice){lock.data, MW_PRODUCTION_CODE},
                           (mw_slice){code, MW_PRODUCTION_CODE}))
        return MW_AUTH;
    MW_TRY(slot_write(p, &lock, 1));
    p->locked = true;
    return MW_OK;
}

mw_status mw_production_provision(const mw_production *p, mw_meter_provision *out_provision) {
    if (!p->locked)
        return MW_STATE;
    item lock;
    uint8_t code[MW_PRODUCTION_CODE];
    MW_TRY(find(p, MW_PRODUCTION_LOCK, 0, &lock));
    mw_status s = mw_production_code(p, code);
    if (s == MW_STATE ||
        (s == MW_OK && !mw_slice_equal(MW_SLICE_OF(code), (mw_slice){lock.data, sizeof code})))
        return MW_CORRUPT;
    MW_TRY(s);
    mw_meter_provision v;
    s = read_all(p, &v);
    if (s == MW_OK)
        *out_provision = v;
    mw_bytes_wipe(&v, sizeof v);
    return s == MW_STATE || s == MW_RANGE || s == MW_UNSUPPORTED ? MW_CORRUPT : s;
}
