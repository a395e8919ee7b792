/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <string.h>

#include "platform/files/exchange.h"
#include "platform/files/xml.h"

/* IEC 61968-9 annex C, measuringPeriod. */
static int period_of(uint32_t seconds) {
    static const struct {
        uint32_t seconds;
        int code;
    } codes[] = {{0, 0},   {60, 3},  {120, 10}, {180, 14}, {300, 6},
                 {600, 1}, {900, 2}, {1800, 5}, {3600, 7}, {86400, 4}};
    for (size_t i = 0; i < sizeof codes / sizeof codes[0]; i++)
        if (codes[i].seconds == seconds)
            return codes[i].code;
    return -1;
}

/* commodity and measurementKind of annex C: 12 energy, 58 volume. */
static mw_status kind_of(const mw_exchange_series *s, int *out_commodity, int *out_kind) {
    static const struct {
        const char *medium;
        int commodity;
        int kind;
    } kinds[] = {{"electricity", 1, 12}, {"gas", 7, 58}, {"water", 9, 58}, {"heat", 12, 12}};
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++)
        if (strcmp(kinds[i].medium, s->medium) == 0) {
            *out_commodity = kinds[i].commodity;
            *out_kind = kinds[i].kind;
            return MW_OK;
        }
    return MW_UNSUPPORTED;
}

mw_status mw_cim_reading_type(const mw_exchange_series *s, char out[MW_CIM_TYPE_TEXT]) {
    int commodity = 0, kind = 0, period = period_of(s->interval_s);
    uint16_t unit = mw_unit_info_of(s->unit)->espi;
    MW_TRY(kind_of(s, &commodity, &kind));
    /* multiplier: only the powers that have a prefix */
    if (period < 0 || unit == 0 || s->scale % 3 != 0)
        return MW_UNSUPPORTED;
    int flow = s->obis[0] == 1 && (s->obis[2] == 2 || s->obis[2] == 4) ? 19 : 1;
    int tariff = s->obis[0] == 1 ? s->obis[4] : 0;
    snprintf(out, MW_CIM_TYPE_TEXT, "0.0.%d.%d.%d.%d.%d.0.0.0.0.%d.0.0.0.%d.%u.0", period,
             s->interval_s == 0 ? 9 : 4, flow, commodity, kind, tariff, s->scale, unit);
    return MW_OK;
}

static void put_time(mw_buffer *out, const char *name, mw_utc t) {
    char at[MW_UTC_TEXT_MAX];
    mw_utc_format(t, at);
    mw_xml_element(out, name, at);
}

void mw_cim_begin(mw_cim *c, const char *source, const char *message_id, mw_utc made_at,
                  mw_buffer *out) {
    *c = (mw_cim){.out = out};
    mw_buffer_append_str(out, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
                              "<EventMessage xmlns=\"http://iec.ch/TC57/2011/schema/message\">"
                              "<Header><Verb>created</Verb><Noun>MeterReadings</Noun>"
                              "<Revision>2.0</Revision>");
    put_time(out, "Timestamp", made_at);
    mw_xml_element(out, "Source", source);
    mw_xml_element(out, "MessageID", message_id);
    mw_buffer_append_str(out, "</Header><Payload>\n<MeterReadings "
                              "xmlns=\"http://iec.ch/TC57/2011/MeterReadings#\">\n");
}

static void series_end(mw_cim *c) {
    if (c->in_series && c->interval_s != 0)
        mw_buffer_printf(c->out, "<ReadingType ref=\"%s\"/></IntervalBlocks>\n", c->type);
    c->in_series = false;
}

/* The schema wants a meter's name between its interval blocks and its readings. */
static void meter_name(mw_cim *c) {
    if (!c->named) {
        mw_buffer_append_str(c->out, "<Meter><Names>");
        mw_xml_element(c->out, "name", c->serial);
        mw_buffer_append_str(c->out, "</Names></Meter>\n");
    }
    c->named = true;
}

static void meter_end(mw_cim *c) {
    series_end(c);
    if (c->in_meter) {
        meter_name(c);
        mw_buffer_append_str(c->out, "<UsagePoint><Names>");
        mw_xml_element(c->out, "name", c->usage_point);
        mw_buffer_append_str(c->out, "</Names></UsagePoint></MeterReading>\n");
    }
    c->in_meter = false;
}

mw_status mw_cim_series(mw_cim *c, const mw_exchange_series *s) {
    char type[MW_CIM_TYPE_TEXT];
    MW_TRY(mw_cim_reading_type(s, type));
    series_end(c);
    if (!c->in_meter || strcmp(c->serial, s->serial) != 0) {
        meter_end(c);
        snprintf(c->serial, sizeof c->serial, "%s", s->serial);
        snprintf(c->usage_point, sizeof c->usage_point, "%s", s->usage_point);
        mw_buffer_append_str(c->out, "<MeterReading>\n");
        c->in_meter = true;
        c->named = false;
    }
    if (s->interval_s != 0 && c->named)
        return MW_STATE;
    c->in_series = true;
    c->interval_s = s->interval_s;
    mw_bytes_copy(c->type, type, sizeof type);
    if (s->interval_s == 0)
        meter_name(c);
    else
        mw_buffer_append_str(c->out, "<IntervalBlocks>\n");
    return MW_OK;
}

static void put_quality(mw_cim *c, const mw_exchange_value *v) {
    mw_cim_quality codes[MW_CIM_QUALITIES_MAX];
    size_t n = mw_quality_cim(v->flags, v->method, v->stage, codes);
    for (size_t i = 0; i < n; i++) {
        char text[MW_CIM_QUALITY_TEXT];
        mw_quality_cim_text(codes[i], text);
        mw_buffer_printf(
            c->out, "<ReadingQualities><ReadingQualityType ref=\"%s\"/></ReadingQualities>", text);
    }
}

void mw_cim_value(mw_cim *c, const mw_exchange_value *v) {
    bool interval = c->interval_s != 0;
    /* A time stamp of an interval is its end (IEC 61968-9, IntervalReading). */
    mw_utc at = mw_utc_add(v->start, mw_dur_s(c->interval_s));
    mw_buffer_append_str(c->out, interval ? "<IntervalReadings>" : "<Readings>");
    put_time(c->out, "timeStamp", at);
    mw_xml_element_int(c->out, "value", v->value);
    put_quality(c, v);
    if (interval)
        mw_buffer_append_str(c->out, "</IntervalReadings>\n");
    else
        mw_buffer_printf(c->out, "<ReadingType ref=\"%s\"/></Readings>\n", c->type);
}

mw_status mw_cim_end(mw_cim *c) {
    meter_end(c);
    mw_buffer_append_str(c->out, "</MeterReadings>\n</Payload></EventMessage>\n");
    return c->out->status;
}
