/* SPDX-License-Identifier: Apache-2.0 */
#include "meters/kit/update.h"

#include <string.h>

#include "base/assert.h"

#define STATE_PAYLOAD 20
#define MAP_PAYLOAD   (2 + MW_UPDATE_RUN / 8)
#define SAVE_EACH     8 /* blocks */

/* ---- The head of an image ---- */

void mw_update_head_encode(const mw_update_head *h, uint8_t out[MW_UPDATE_SIGNED]) {
    mw_writer w = mw_writer_of((mw_span){out, MW_UPDATE_SIGNED});
    mw_write_str(&w, "MWFW");
    mw_write_u8(&w, 1);
    mw_write_bytes(&w, MW_SLICE_OF(h->version));
    mw_write_u32le(&w, h->counter);
    mw_write_u32le(&w, h->bytes);
    char model[MW_UPDATE_MODEL_MAX] = {0};
    mw_bytes_copy(model, h->model, strlen(h->model));
    mw_write_bytes(&w, (mw_slice){(const uint8_t *)model, sizeof model});
    mw_write_u32le(&w, h->hardware);
    mw_write_u32le(&w, h->legal_crc);
    mw_write_bytes(&w, MW_SLICE_OF(h->digest));
    while (mw_writer_left(&w) > 0)
        mw_write_u8(&w, 0);
    mw_assert(w.status == MW_OK);
}

mw_status mw_update_head_decode(const uint8_t in[MW_UPDATE_HEAD],
                                const uint8_t key[MW_ED25519_KEY_BYTES], mw_update_head *out) {
    mw_reader r = mw_reader_of((mw_slice){in, MW_UPDATE_SIGNED});
    mw_update_head h = {0};
    if (!mw_slice_equal(mw_read_bytes(&r, 4), mw_slice_of_str("MWFW")))
        return MW_SYNTAX;
    if (mw_read_u8(&r) != 1)
        return MW_UNSUPPORTED;
    for (unsigned i = 0; i < 3; i++)
        h.version[i] = mw_read_u8(&r);
    h.counter = mw_read_u32le(&r);
    h.bytes = mw_read_u32le(&r);
    mw_bytes_copy(h.model, mw_read_bytes(&r, MW_UPDATE_MODEL_MAX).p, MW_UPDATE_MODEL_MAX);
    h.hardware = (uint8_t)mw_read_u32le(&r);
    h.legal_crc = mw_read_u32le(&r);
    mw_bytes_copy(h.digest, mw_read_bytes(&r, sizeof h.digest).p, sizeof h.digest);
    MW_TRY(mw_ed25519_verify(key, (mw_slice){in, MW_UPDATE_SIGNED}, in + MW_UPDATE_SIGNED));
    *out = h;
    return MW_OK;
}

/* ---- What is stored ---- */

static mw_status state_save(mw_update *u) {
    uint8_t payload[STATE_PAYLOAD];
    mw_writer w = mw_writer_of(MW_SPAN_OF(payload));
    mw_write_u8(&w, u->state);
    mw_write_u8(&w, u->active);
    mw_write_u8(&w, u->tries);
    mw_write_u8(&w, u->session);
    mw_write_u32le(&w, u->least_counter);
    mw_write_u32le(&w, u->bytes);
    mw_write_u32le(&w, u->at_s);
    mw_write_u32le(&w, 0);
    return mw_ringlog_append(&u->log, &u->flash, mw_writer_done(&w));
}

/* Stores a changed copy; the one in memory changes when it is durable. */
static mw_status state_change(mw_update *u, const mw_update *next) {
    mw_update before = *u;
    *u = *next;
    mw_status s = state_save(u);
    if (s != MW_OK) {
        before.log = u->log;
        *u = before;
    }
    return s;
}

static mw_status state_load(mw_update *u) {
    uint8_t payload[STATE_PAYLOAD];
    MW_TRY(mw_ringlog_last(&u->log, &u->flash, MW_SPAN_OF(payload)));
    mw_reader r = mw_reader_of(MW_SLICE_OF(payload));
    u->state = mw_read_u8(&r);
    u->active = mw_read_u8(&r) & 1;
    u->tries = mw_read_u8(&r);
    u->session = mw_read_u8(&r);
    u->least_counter = mw_read_u32le(&r);
    u->bytes = mw_read_u32le(&r);
    u->at_s = mw_read_u32le(&r);
    return MW_OK;
}

static uint16_t blocks_of(const mw_update *u) {
    return (uint16_t)((u->bytes + MW_UPDATE_BLOCK - 1) / MW_UPDATE_BLOCK);
}

static bool has(const mw_update *u, unsigned n) {
    return (u->have[n / 8] >> n % 8 & 1) != 0;
}

static mw_status map_save(mw_update *u, unsigned run) {
    uint8_t payload[MAP_PAYLOAD] = {u->session, (uint8_t)run};
    mw_bytes_copy(payload + 2, u->have + (size_t)run * (MW_UPDATE_RUN / 8), MW_UPDATE_RUN / 8);
    MW_TRY(mw_ringlog_append(&u->map, &u->flash, MW_SLICE_OF(payload)));
    u->unsaved = 0;
    return MW_OK;
}

/* The newest record of each run. */
static mw_status map_load(mw_update *u) {
    mw_ringlog_cursor c = mw_ringlog_from_newest(&u->map);
    bool seen[MW_UPDATE_BLOCKS_MAX / MW_UPDATE_RUN] = {false};
    uint8_t payload[MAP_PAYLOAD];
    uint32_t seq;
    mw_status s;
    memset(u->have, 0, sizeof u->have);
    while ((s = mw_ringlog_older(&u->map, &u->flash, &c, MW_SPAN_OF(payload), &seq)) == MW_OK) {
        unsigned run = payload[1];
        if (payload[0] != u->session)
            break; /* older records are of other sessions */
        if (run < sizeof seen && !seen[run])
            mw_bytes_copy(u->have + (size_t)run * (MW_UPDATE_RUN / 8), payload + 2,
                          MW_UPDATE_RUN / 8);
        if (run < sizeof seen)
            seen[run] = true;
    }
    return s == MW_IO ? s : MW_OK;
}

mw_status mw_update_mount(mw_update *u, const mw_flash *flash, const mw_update_config *config,
                          uint32_t counter) {
    mw_assert(config->slot_sectors * flash->sector_bytes >= MW_UPDATE_HEAD);
    *u = (mw_update){.config = *config, .flash = *flash, .least_counter = counter};
    uint32_t at = config->first_sector;
    MW_TRY(
        mw_ringlog_mount(&u->log, flash, at, MW_UPDATE_LOG_SECTORS, STATE_PAYLOAD, config->kind));
    MW_TRY(mw_ringlog_mount(&u->map, flash, at + MW_UPDATE_LOG_SECTORS, MW_UPDATE_MAP_SECTORS,
                            MAP_PAYLOAD, (uint8_t)(config->kind + 1)));
    mw_status s = state_load(u);
    if (s == MW_NOT_FOUND)
        return MW_OK;
    return s != MW_OK ? s : u->state == MW_UPDATE_TAKING ? map_load(u) : MW_OK;
}

/* ---- Running ---- */

mw_status mw_update_boot(mw_update *u, uint8_t *out_slot) {
    mw_update next = *u;
    mw_update_head head;
    *out_slot = u->active;
    if (u->state != MW_UPDATE_READY && u->state != MW_UPDATE_TRIAL)
        return MW_OK;
    bool over = u->state == MW_UPDATE_TRIAL && u->tries == 0;
    if (u->state == MW_UPDATE_READY)
        next.tries = MW_UPDATE_TRIES;
    next.state = MW_UPDATE_TRIAL;
    /* Damage since it was accepted, or no confirmation after all tries: back. */
    if (over || mw_update_verify(u, !u->active, &head) != MW_OK) {
        next.state = MW_UPDATE_FAILED;
        return state_change(u, &next);
    }
    next.tries--;
    MW_TRY(state_change(u, &next));
    *out_slot = !u->active;
    return MW_OK;
}

mw_status mw_update_confirm(mw_update *u) {
    if (u->state != MW_UPDATE_TRIAL)
        return MW_OK;
    mw_update_head head;
    MW_TRY(mw_update_verify(u, !u->active, &head));
    mw_update next = *u;
    next.active = !u->active;
    next.state = MW_UPDATE_IDLE;
    next.least_counter = head.counter;
    return state_change(u, &next);
}

bool mw_update_due(const mw_update *u, mw_utc now) {
    return u->state == MW_UPDATE_READY && (u->at_s == 0 || mw_utc_floor_s(now) >= u->at_s);
}

/* ---- Taking an image ---- */

static uint32_t slot_sector(const mw_update *u, uint8_t slot) {
    return u->config.first_sector + MW_UPDATE_LOG_SECTORS + MW_UPDATE_MAP_SECTORS +
           slot * u->config.slot_sectors;
}

static uint32_t slot_at(const mw_update *u, uint8_t slot) {
    return slot_sector(u, slot) * u->flash.sector_bytes;
}

mw_status mw_update_begin(mw_update *u, uint8_t session, uint32_t bytes) {
    uint32_t room = u->config.slot_sectors * u->flash.sector_bytes;
    if (u->state == MW_UPDATE_TRIAL)
        return MW_STATE;
    if (bytes <= MW_UPDATE_HEAD || bytes > room ||
        bytes > (uint32_t)MW_UPDATE_BLOCKS_MAX * MW_UPDATE_BLOCK)
        return MW_RANGE;
    if (u->state == MW_UPDATE_TAKING && u->session == session && u->bytes == bytes)
        return MW_OK;
    mw_update next = *u;
    next.state = MW_UPDATE_TAKING;
    next.session = session;
    next.bytes = bytes;
    next.at_s = 0;
    memset(next.have, 0, sizeof next.have);
    /* First nothing is said to be there, then nothing is there, then it begins: a cut in between
     * leaves no block that is only believed in. */
    for (unsigned run = 0; run * MW_UPDATE_RUN < blocks_of(&next); run++)
        MW_TRY(map_save(&next, run));
    u->map = next.map;
    for (uint32_t i = 0; i < u->config.slot_sectors; i++)
        MW_TRY(u->flash.erase(u->flash.context, slot_sector(u, !u->active) + i));
    return state_change(u, &next);
}

/* A block that does not read back: its sector is erased, and all that was in it is missing. */
static mw_status sector_give_up(mw_update *u, unsigned n) {
    unsigned per = u->flash.sector_bytes / MW_UPDATE_BLOCK, first = n / per * per;
    for (unsigned i = first; i < first + per && i < MW_UPDATE_BLOCKS_MAX; i++)
        u->have[i / 8] &= (uint8_t) ~(1u << i % 8);
    MW_TRY(map_save(u, first / MW_UPDATE_RUN));
    MW_TRY(u->flash.erase(u->flash.context, slot_sector(u, !u->active) + n / per));
    return MW_AGAIN;
}

mw_status mw_update_block(mw_update *u, uint8_t session, uint16_t n, mw_slice data) {
    uint8_t seen[MW_UPDATE_BLOCK];
    if (u->state != MW_UPDATE_TAKING || u->session != session)
        return MW_NOT_FOUND;
    if (n >= blocks_of(u))
        return MW_RANGE;
    uint32_t left = u->bytes - (uint32_t)n * MW_UPDATE_BLOCK;
    size_t size = left < MW_UPDATE_BLOCK ? left : MW_UPDATE_BLOCK;
    if (data.n < size)
        return MW_RANGE;
    if (has(u, n))
        return MW_DUPLICATE;
    uint32_t at = slot_at(u, !u->active) + (uint32_t)n * MW_UPDATE_BLOCK;
    MW_TRY(u->flash.program(u->flash.context, at, (mw_slice){data.p, size}));
    MW_TRY(u->flash.read(u->flash.context, at, (mw_span){seen, size}));
    if (memcmp(seen, data.p, size) != 0)
        return sector_give_up(u, n);
    if (u->unsaved > 0 && u->run != n / MW_UPDATE_RUN)
        MW_TRY(map_save(u, u->run));
    u->run = n / MW_UPDATE_RUN;
    u->have[n / 8] |= (uint8_t)(1u << n % 8);
    u->unsaved++;
    return u->unsaved >= SAVE_EACH ? map_save(u, u->run) : MW_OK;
}

mw_status mw_update_missing(const mw_update *u, uint8_t session, mw_update_gaps *out) {
    if (u->state < MW_UPDATE_TAKING || u->session != session)
        return MW_NOT_FOUND;
    mw_update_gaps g = {.blocks = blocks_of(u)};
    if (u->state != MW_UPDATE_TAKING) { /* all were there */
        *out = g;
        return MW_OK;
    }
    for (unsigned i = 0; i < g.blocks; i++) {
        if (has(u, i))
            continue;
        if (g.missing++ == 0)
            g.first = (uint16_t)i;
        if (i - g.first < 8 * sizeof g.map)
            g.map[(i - g.first) / 8] |= (uint8_t)(1u << (i - g.first) % 8);
    }
    *out = g;
    return MW_OK;
}

/* ---- Checking ---- */

mw_status mw_update_verify(const mw_update *u, uint8_t slot, mw_update_head *out) {
    uint8_t buffer[MW_UPDATE_HEAD], digest[MW_SHA512_BYTES];
    uint32_t at = slot_at(u, slot);
    mw_update_head head;
    MW_TRY(u->flash.read(u->flash.context, at, MW_SPAN_OF(buffer)));
    MW_TRY(mw_update_head_decode(buffer, u->config.key, &head));
    if (head.bytes > u->config.slot_sectors * u->flash.sector_bytes - MW_UPDATE_HEAD)
        return MW_SYNTAX;
    mw_sha512 hash;
    mw_sha512_init(&hash);
    for (uint32_t done = 0; done < head.bytes;) {
        uint32_t n = head.bytes - done < sizeof buffer ? head.bytes - done : sizeof buffer;
        MW_TRY(u->flash.read(u->flash.context, at + MW_UPDATE_HEAD + done, (mw_span){buffer, n}));
        mw_sha512_take(&hash, (mw_slice){buffer, n});
        done += n;
    }
    mw_sha512_done(&hash, digest);
    if (memcmp(digest, head.digest, sizeof digest) != 0)
        return MW_AUTH;
    *out = head;
    return MW_OK;
}

mw_status mw_update_activate(mw_update *u, uint8_t session, uint32_t at_s) {
    mw_update_gaps gaps;
    mw_update_head head;
    MW_TRY(mw_update_missing(u, session, &gaps));
    if (u->state == MW_UPDATE_TRIAL || u->state == MW_UPDATE_FAILED)
        return MW_NOT_FOUND;
    if (gaps.missing > 0)
        return MW_AGAIN;
    MW_TRY(mw_update_verify(u, !u->active, &head));
    if (head.bytes + MW_UPDATE_HEAD != u->bytes)
        return MW_AUTH;
    if (strcmp(head.model, u->config.model) != 0 || head.hardware != u->config.hardware ||
        head.counter < u->least_counter)
        return MW_FORBIDDEN;
    mw_update next = *u;
    next.state = MW_UPDATE_READY;
    next.at_s = at_s;
    return state_change(u, &next);
}
