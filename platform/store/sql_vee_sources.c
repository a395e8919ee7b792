/* SPDX-License-Identifier: Apache-2.0
 *
 * Other sources of a channel's values and the profiles of classes.
 */
#include "platform/store/sql_internal.h"

mw_status mw_sq_op_vee_source_put(mw_store *s, const mw_store_source *row) {
    if (row->kind < MW_SOURCE_CHECK || row->kind >= MW_SOURCE_KINDS || row->source == row->channel)
        return MW_RANGE;
    return MW_SQ_RUN(mw_sq_of(s), VEE_SOURCE_PUT, mw_sq_int(row->tenant), mw_sq_int(row->channel),
                     mw_sq_int(row->kind), mw_sq_int(row->source));
}

mw_status mw_sq_op_vee_source_drop(mw_store *s, const mw_store_source *row) {
    mw_sq *q = mw_sq_of(s);
    MW_TRY(MW_SQ_RUN(q, VEE_SOURCE_DROP, mw_sq_int(row->tenant), mw_sq_int(row->channel),
                     mw_sq_int(row->kind), mw_sq_int(row->source)));
    return mw_sq_changed(q) > 0 ? MW_OK : MW_NOT_FOUND;
}

mw_status mw_sq_op_vee_sources(mw_store *s, int64_t tenant, int64_t channel,
                               mw_store_on_source each, void *ctx) {
    mw_sq_statement *st = NULL;
    MW_TRY(MW_SQ_BIND(mw_sq_of(s), VEE_SOURCES, &st, mw_sq_int(tenant), mw_sq_int(channel)));
    mw_status status;
    while ((status = mw_sq_step(st)) == MW_OK) {
        mw_store_source row = {.tenant = tenant,
                               .channel = channel,
                               .kind = (mw_store_source_kind)mw_sq_get_int(st, 0),
                               .source = mw_sq_get_int(st, 1)};
        status = each(ctx, &row);
        if (status != MW_OK) {
            mw_sq_reset(st);
            return status;
        }
    }
    return status == MW_NOT_FOUND ? MW_OK : status;
}

/* --- profiles: 72 varints, working day, Saturday, Sunday ------------------------------------- */

mw_status mw_sq_op_vee_profile_put(mw_store *s, const mw_store_profile *row) {
    uint8_t bytes[3 * 24 * 10];
    mw_writer w = mw_writer_of(MW_SPAN_OF(bytes));
    for (unsigned i = 0; i < 72; i++) {
        if (row->weight[i / 24][i % 24] < 0)
            return MW_RANGE;
        mw_write_varint(&w, (uint64_t)row->weight[i / 24][i % 24]);
    }
    MW_TRY(w.status);
    return MW_SQ_RUN(mw_sq_of(s), VEE_PROFILE_PUT, mw_sq_int(row->tenant), mw_sq_int(row->medium),
                     mw_sq_int(row->class), mw_sq_int(row->from.us),
                     mw_sq_blob((mw_slice){bytes, w.at}), mw_sq_int(row->set_at.us),
                     mw_sq_text(row->set_by));
}

mw_status mw_sq_op_vee_profiles(mw_store *s, int64_t tenant, mw_store_on_profile each, void *ctx) {
    mw_sq_statement *st = NULL;
    MW_TRY(MW_SQ_BIND(mw_sq_of(s), VEE_PROFILES, &st, mw_sq_int(tenant)));
    mw_status status;
    while ((status = mw_sq_step(st)) == MW_OK) {
        mw_store_profile row = {.tenant = tenant,
                                .medium = (uint8_t)mw_sq_get_int(st, 0),
                                .class = (uint8_t)mw_sq_get_int(st, 1),
                                .from = mw_sq_get_utc(st, 2),
                                .set_at = mw_sq_get_utc(st, 4)};
        mw_reader r = mw_reader_of(mw_sq_get_blob(st, 3));
        for (unsigned i = 0; i < 72; i++)
            row.weight[i / 24][i % 24] = (int64_t)mw_read_varint(&r);
        MW_SQ_TEXT_INTO(st, 5, row.set_by);
        status = r.status == MW_OK ? each(ctx, &row) : MW_CORRUPT;
        if (status != MW_OK) {
            mw_sq_reset(st);
            return status;
        }
    }
    return status == MW_NOT_FOUND ? MW_OK : status;
}

mw_status mw_sq_op_channel_get(mw_store *s, int64_t tenant, int64_t channel,
                               mw_store_channel *out_channel) {
    mw_sq_statement *st = NULL;
    MW_TRY(MW_SQ_BIND(mw_sq_of(s), CHANNEL_GET, &st, mw_sq_int(tenant), mw_sq_int(channel)));
    MW_TRY(mw_sq_step(st));
    mw_sq_channel_of_row(st, out_channel);
    mw_sq_reset(st);
    return MW_OK;
}

mw_status mw_sq_op_channels_of_device(mw_store *s, int64_t tenant, int64_t device,
                                      mw_store_on_channel_newest each, void *ctx) {
    mw_sq_statement *st = NULL;
    MW_TRY(MW_SQ_BIND(mw_sq_of(s), CHANNELS_OF_DEVICE, &st, mw_sq_int(tenant), mw_sq_int(device)));
    mw_status status;
    while ((status = mw_sq_step(st)) == MW_OK) {
        mw_store_channel_newest row = {.channel = mw_sq_get_int(st, 0),
                                       .tenant = mw_sq_get_int(st, 1),
                                       .device = mw_sq_get_int(st, 2),
                                       .newest = mw_sq_get_utc(st, 3)};
        status = each(ctx, &row);
        if (status != MW_OK) {
            mw_sq_reset(st);
            return status;
        }
    }
    return status == MW_NOT_FOUND ? MW_OK : status;
}
