/* SPDX-License-Identifier: Apache-2.0 */
#include "town/book.h"

#include <inttypes.h>

#include "crypto/keys.h"
#include "protocols/smp/smp.h"
#include "protocols/unb/unb.h"

static FILE *open_file(const char *folder, const char *name, const char *heading) {
    char path[4096];
    if (snprintf(path, sizeof path, "%s/%s", folder, name) >= (int)sizeof path)
        return NULL;
    FILE *f = fopen(path, "w");
    if (f != NULL)
        fprintf(f, "%s\n", heading);
    return f;
}

mw_status mw_town_book_open(mw_town_book *b, const char *folder) {
    *b = (mw_town_book){0};
    b->truth = open_file(folder, "truth.csv", "device_id,channel,hour_end,register,value");
    b->frames = open_file(folder, "frames.csv", "device_id,counter,sent_at,size,rate,lost,objects");
    b->downlinks = open_file(folder, "downlinks.csv",
                             "device_id,direction,at,counter,rate,es_n0_db,what,clock_error_ms");
    b->pushes = open_file(folder, "pushes.csv", "device_id,counter,objects");
    if (b->truth != NULL && b->frames != NULL && b->downlinks != NULL && b->pushes != NULL)
        return MW_OK;
    mw_status closed = mw_town_book_close(b);
    (void)closed;
    *b = (mw_town_book){0};
    return MW_IO;
}

mw_status mw_town_book_flush(mw_town_book *b) {
    bool good = fflush(b->truth) == 0 && fflush(b->frames) == 0 && fflush(b->downlinks) == 0;
    good = good && fflush(b->pushes) == 0 && !ferror(b->pushes);
    good = good && !ferror(b->truth) && !ferror(b->frames) && !ferror(b->downlinks);
    return good ? MW_OK : MW_IO;
}

mw_status mw_town_book_close(mw_town_book *b) {
    FILE *const files[] = {b->truth, b->frames, b->downlinks, b->pushes};
    bool good = true;
    for (size_t i = 0; i < sizeof files / sizeof files[0]; i++)
        good = (files[i] == NULL || fclose(files[i]) == 0) && good;
    b->truth = b->frames = b->downlinks = b->pushes = NULL;
    return good ? MW_OK : MW_IO;
}

void mw_town_book_push(mw_town_book *b, const mw_town_device *d, const mw_town_report *r) {
    char at[MW_UTC_TEXT_MAX];
    mw_utc_format(r->end, at);
    fprintf(b->pushes, "%016" PRIx64 ",%" PRIu32 ",0:%u:%s\n", d->device_id, r->counter, r->hours,
            at);
    b->pushed++;
}

void mw_town_book_truth(mw_town_book *b, const mw_town_truth *t) {
    char at[MW_UTC_TEXT_MAX];
    mw_utc_format(t->hour_end, at);
    fprintf(b->truth, "%016" PRIx64 ",%u,%s,%" PRId64 ",%" PRId64 "\n", t->device->device_id,
            t->channel, at, t->reg, t->value);
    b->values++;
}

/* ---- downlinks ---- */

void mw_town_book_downlink(mw_town_book *b, const mw_town_device *d, const mw_town_heard *heard,
                           mw_unb_rate rate, mw_status taken, int64_t clock_error_ms) {
    char at[MW_UTC_TEXT_MAX];
    mw_utc_format(heard->start, at);
    fprintf(b->downlinks, "%016" PRIx64 ",down,%s,,%s,%.1f,%s:", d->device_id, at,
            mw_unb_rate_name(rate), heard->es_n0_db, mw_status_name(taken));
    for (size_t i = 0; i < heard->payload_bytes; i++)
        fprintf(b->downlinks, "%02x", heard->payload[i]);
    fprintf(b->downlinks, ",%" PRId64 "\n", clock_error_ms);
    b->downlinks_heard++;
}

/* ---- frames ---- */

static mw_status open_frame(const mw_town_device *d, const mw_meter_transmission *tx,
                            mw_span memory, mw_slice *out_objects) {
    mw_device_id id;
    for (unsigned i = 0; i < sizeof id.b; i++)
        id.b[i] = (uint8_t)(d->device_id >> (56 - 8 * i));
    mw_key up;
    MW_TRY(mw_key_derive_device(&mw_crypto_own, &d->master_key, &id, 0, MW_KEY_UP, &up));
    mw_crypto_ctx ctx;
    mw_status status = mw_crypto_init(&ctx, &mw_crypto_own, &up);
    mw_key_wipe(&up);
    MW_TRY(status);
    status = mw_smp_frame_open(&ctx, MW_SMP_UP, (mw_slice){tx->payload, tx->payload_bytes}, 0,
                               tx->counter, memory, out_objects);
    mw_crypto_fini(&ctx);
    return status;
}

mw_status mw_town_book_frame(mw_town_book *b, const mw_town_device *d,
                             const mw_meter_transmission *tx, mw_utc sent_at, bool lost) {
    uint8_t memory[MW_SMP_FRAME_MAX];
    mw_slice objects;
    MW_TRY(open_frame(d, tx, MW_SPAN_OF(memory), &objects));
    char at[MW_UTC_TEXT_MAX];
    mw_utc_format(sent_at, at);
    fprintf(b->frames, "%016" PRIx64 ",%" PRIu32 ",%s,%s,%s,%d,", d->device_id, tx->counter, at,
            mw_unb_size_name((mw_unb_size)tx->size), mw_unb_rate_name((mw_unb_rate)tx->rate), lost);
    mw_reader r = mw_reader_of(objects);
    mw_smp_object object;
    const char *space = "";
    while (mw_smp_object_next(&r, &object) == MW_OK) {
        mw_smp_day day;
        mw_smp_receipt receipt;
        if (object.type == MW_SMP_RECEIPT &&
            mw_smp_receipt_decode(object.body, &receipt) == MW_OK) {
            mw_utc_format(sent_at, at);
            fprintf(b->downlinks, "%016" PRIx64 ",up,%s,%" PRIu32 ",%s,,%u:%u\n", d->device_id, at,
                    tx->counter, mw_unb_rate_name((mw_unb_rate)tx->rate), receipt.id,
                    receipt.result);
        }
        if (object.type != MW_SMP_DAY)
            continue;
        MW_TRY(mw_smp_day_decode(object.body, &day));
        mw_utc_format(mw_smp_utc_of_hour(day.end_hour, day.grid), at);
        fprintf(b->frames, "%s%u:%u:%s", space, day.channel, day.hours, at);
        space = " ";
    }
    fputc('\n', b->frames);
    b->frames_sent++;
    b->frames_lost += lost;
    return MW_OK;
}
