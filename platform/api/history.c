/* SPDX-License-Identifier: Apache-2.0
 *
 * Lists, newest first, page by page: register readings, receptions and events of one meter, the
 * signs of a tenant, and messages of other networks.
 */
#include <stdio.h>
#include <stdlib.h>

#include "platform/api/internal.h"
#include "platform/registry/foreign.h"

#define PAGE_BYTES ((size_t)256 * 1024)

static mw_status put_reading(void *ctx, const mw_store_register *r) {
    mw_api_page *p = ctx;
    if (r->meter.us < p->since.us || !mw_api_page_take(p, r->id))
        return MW_OK;
    char obis[MW_STORE_OBIS_TEXT_MAX];
    char text[MW_AMOUNT_TEXT_MAX];
    mw_display d = mw_display_of(p->channel->unit, p->channel->scale);
    mw_store_obis_format(r->obis, obis);
    mw_display_amount(d, r->value, text);
    mw_json_object_begin(&p->json);
    mw_json_put_utc(&p->json, "t_meter", r->meter);
    mw_json_put_utc(&p->json, "t_received", r->received);
    mw_json_put_utc(&p->json, "t_stored", r->stored);
    mw_json_put_text(&p->json, "obis", obis);
    mw_json_put_int(&p->json, "value", r->value);
    mw_json_put_text(&p->json, "text", text);
    mw_json_put_text(&p->json, "unit", d.symbol);
    mw_api_put_quality(&p->json, r->quality);
    mw_json_object_end(&p->json);
    return MW_OK;
}

static const char *const reason_names[MW_REASONS] = {
    "none",  "gap",  "failed_rule", "rate_by_rate",  "backfill", "true_up",  "exchange",  "removal",
    "reset", "swap", "import",      "import_undone", "edit",     "verified", "correction"};

static void put_revised(mw_json *j, const mw_store_revision *r) {
    mw_json_put_array(j, "values");
    for (size_t i = 0; i < r->n; i++) {
        mw_json_object_begin(j);
        mw_json_put_utc(j, "start", r->rows[i].start);
        mw_json_put_uint(j, "seconds", r->rows[i].seconds);
        mw_json_put_int(j, "value", r->rows[i].value);
        mw_api_put_quality(j, r->rows[i].quality);
        if (r->prediction != NULL) {
            mw_json_put_int(j, "low", r->prediction[i].low);
            mw_json_put_int(j, "high", r->prediction[i].high);
        }
        mw_json_object_end(j);
    }
    mw_json_array_end(j);
}

static mw_status put_revision(void *ctx, const mw_store_revision *r) {
    static const char *const actors[] = {"", "system", "user", "method"};
    mw_api_page *p = ctx;
    if (!mw_api_page_take(p, r->id))
        return MW_OK;
    mw_json *j = &p->json;
    mw_json_object_begin(j);
    mw_json_put_int(j, "id", r->id);
    mw_json_put_text(j, "layer", mw_api_layer_name(r->layer));
    mw_json_put_text(j, "kind", r->kind == MW_REVISION_SET ? "set" : "withdraw");
    mw_json_put_utc(j, "from", r->from);
    mw_json_put_utc(j, "to", r->to);
    mw_json_put_utc(j, "at", r->at);
    mw_json_put_text(j, "actor", actors[r->actor & 3]);
    mw_json_put_text(j, "who", r->who);
    mw_json_put_text(j, "reason", reason_names[r->reason]);
    mw_json_put_text(j, "text", r->text);
    mw_json_put_uint(j, "method", r->method);
    mw_json_put_uint(j, "method_version", r->method_version);
    mw_json_put_text(j, "inputs", r->inputs);
    mw_json_put_int(j, "action", r->action);
    put_revised(j, r);
    mw_json_object_end(j);
    return MW_OK;
}

void mw_api_meter_revisions(mw_api_call *call) {
    mw_api_page p;
    mw_utc from, to;
    mw_layer layer = MW_LAYERS;
    if (!mw_api_utc(call, "from", (mw_utc){-INT64_C(4000000000000000000)}, &from) ||
        !mw_api_utc(call, "to", (mw_utc){INT64_C(4000000000000000000)}, &to) ||
        !mw_api_layer(call, &layer))
        return;
    if (from.us >= to.us) {
        mw_api_invalid(call, "from must be before to");
        return;
    }
    if (!mw_api_page_begin(call, &p, PAGE_BYTES))
        return;
    mw_api_page_end(call, &p,
                    mw_store_revisions(call->api->o.store, call->tenant,
                                       call->meter.channel.channel, layer, from, to, p.before,
                                       p.limit + 1, put_revision, &p));
}

void mw_api_meter_readings(mw_api_call *call) {
    mw_api_page p;
    if (mw_api_page_begin(call, &p, PAGE_BYTES))
        mw_api_page_end(call, &p,
                        mw_store_registers(call->api->o.store, call->tenant,
                                           call->meter.channel.channel, p.before, p.limit + 1,
                                           put_reading, &p));
}

static mw_status put_reception(void *ctx, const mw_store_reception *r) {
    mw_api_page *p = ctx;
    if (!mw_api_page_take(p, r->journal))
        return MW_OK;
    mw_json_object_begin(&p->json);
    mw_json_put_int(&p->json, "frame", r->journal);
    mw_json_put_utc(&p->json, "received_at", r->received);
    mw_json_put_utc(&p->json, "stored_at", r->stored);
    mw_json_put_text(&p->json, "station", r->sender);
    mw_json_put_int(&p->json, "frequency_mhz", r->frequency_mhz);
    mw_json_put_int(&p->json, "level_cdbm", r->level_cdbm);
    mw_json_put_int(&p->json, "snr_cdb", r->snr_cdb);
    mw_json_put_text(&p->json, "rate", r->rate);
    mw_json_put_text(&p->json, "size", r->size);
    mw_json_put_int(&p->json, "counter", r->counter);
    mw_json_put_bool(&p->json, "duplicate", r->duplicate);
    mw_json_put_int(&p->json, "bytes", r->bytes);
    mw_json_object_end(&p->json);
    return MW_OK;
}

void mw_api_meter_receptions(mw_api_call *call) {
    mw_api_page p;
    if (mw_api_page_begin(call, &p, PAGE_BYTES))
        mw_api_page_end(call, &p,
                        mw_store_receptions(call->api->o.store, call->tenant,
                                            call->meter.device.device, p.before, p.limit + 1,
                                            put_reception, &p));
}

static mw_status put_event(void *ctx, const mw_store_event *e) {
    mw_api_page *p = ctx;
    if (e->meter.us < p->since.us || !mw_api_page_take(p, e->id))
        return MW_OK;
    mw_json_object_begin(&p->json);
    mw_json_put_utc(&p->json, "at", e->meter);
    mw_json_put_utc(&p->json, "received_at", e->received);
    mw_json_put_int(&p->json, "code", e->code);
    mw_api_event_put(&p->json, e->code);
    mw_json_put_int(&p->json, "value", e->detail);
    mw_json_object_end(&p->json);
    return MW_OK;
}

void mw_api_meter_events(mw_api_call *call) {
    mw_api_page p;
    if (mw_api_page_begin(call, &p, PAGE_BYTES))
        mw_api_page_end(call, &p,
                        mw_store_events(call->api->o.store, call->tenant, call->meter.device.device,
                                        p.before, p.limit + 1, put_event, &p));
}

static mw_status put_sign(void *ctx, const mw_store_sign *a) {
    mw_api_page *p = ctx;
    if (!mw_api_page_take(p, a->id))
        return MW_OK;
    mw_json_object_begin(&p->json);
    mw_json_put_text(&p->json, "kind", a->kind);
    mw_json_put_text(&p->json, "subject", a->subject);
    mw_json_put_text(&p->json, "text", a->text);
    mw_json_put_utc(&p->json, "first_at", a->first_at);
    mw_json_put_utc(&p->json, "last_at", a->last_at);
    mw_json_put_int(&p->json, "count", a->count);
    mw_json_object_end(&p->json);
    return MW_OK;
}

void mw_api_sign_list(mw_api_call *call) {
    mw_api_page p;
    if (mw_api_page_begin(call, &p, PAGE_BYTES))
        mw_api_page_end(
            call, &p,
            mw_store_signs(call->api->o.store, call->tenant, p.before, p.limit + 1, put_sign, &p));
}

/* ---- messages of other networks ---- */

static const char *authenticity_name(mw_store_authenticity a) {
    return a == MW_FOREIGN_AUTHENTIC   ? "authentic"
           : a == MW_FOREIGN_PLAUSIBLE ? "plausible"
                                       : "unverified";
}

static void put_reception_of(mw_json *j, const mw_store_foreign_message *m) {
    mw_json_put_utc(j, "received_at", m->received);
    mw_json_put_utc(j, "stored_at", m->stored);
    mw_json_put_text(j, "station", m->sender);
    mw_json_put_int(j, "frequency_mhz", m->frequency_mhz);
    mw_json_put_int(j, "level_cdbm", m->level_cdbm);
    mw_json_put_int(j, "snr_cdb", m->snr_cdb);
    mw_json_put_text(j, "rate", m->rate);
    mw_json_put_int(j, "copies", m->copies);
}

static mw_status put_foreign(void *ctx, const mw_store_foreign_message *m) {
    mw_api_page *p = ctx;
    if (!mw_api_page_take(p, m->id))
        return MW_OK;
    char identity[9];
    mw_json *j = &p->json;
    /* Protocol D of NB-Fi and OpenUNB have three bytes of it on the air. */
    bool low24 =
        m->network == MW_NETWORK_OPENUNB || (m->network == MW_NETWORK_NBFI && m->payload_n == 16);
    snprintf(identity, sizeof identity, low24 ? "%06x" : "%08x", (unsigned)m->identity);
    mw_json_object_begin(j);
    mw_json_put_int(j, "id", m->id);
    mw_json_put_text(j, "network", mw_network_name(m->network));
    mw_json_put_text(j, "identity", identity);
    mw_json_put_bool(j, "registered", m->device != 0);
    mw_json_put_text(j, "label", m->label[0] != 0 ? m->label : NULL);
    if (m->counter >= 0)
        mw_json_put_int(j, "counter", m->counter);
    else
        mw_json_put_null(j, "counter");
    mw_json_put_text(j, "authenticity", authenticity_name(m->authenticity));
    put_reception_of(j, m);
    mw_json_put_hex(j, "payload", (mw_slice){m->payload, m->payload_n});
    if (m->has_clear)
        mw_json_put_hex(j, "message", (mw_slice){m->clear, m->clear_n});
    else
        mw_json_put_null(j, "message");
    mw_json_object_end(j);
    return MW_OK;
}

void mw_api_foreign_message_list(mw_api_call *call) {
    const char *name = mw_http_query(call->http, "network");
    mw_store_network network = 0;
    if (name != NULL && mw_network_of_name(name, &network) != MW_OK) {
        mw_http_reply_problem(call->http, 400, "INVALID", "network is sigfox, nbfi or openunb");
        return;
    }
    mw_api_page p;
    if (mw_api_page_begin(call, &p, PAGE_BYTES))
        mw_api_page_end(call, &p,
                        mw_store_foreign_messages(call->api->o.store, call->tenant, (int)network,
                                                  p.before, p.limit + 1, put_foreign, &p));
}
