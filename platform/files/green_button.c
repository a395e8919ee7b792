/* SPDX-License-Identifier: Apache-2.0 */
#include <sodium.h>
#include <stdio.h>
#include <string.h>

#include "base/assert.h"
#include "platform/files/exchange.h"
#include "platform/files/xml.h"

/* ---- the clock of a zone as ESPI writes it ---- */

/* The first moment in (low, high] with another offset than at low; none when both are equal. */
static bool change_between(const mw_zone *z, int64_t low, int64_t high, int64_t *out_s) {
    int32_t before = mw_zone_offset_s(z, mw_utc_of_s(low));
    if (before == mw_zone_offset_s(z, mw_utc_of_s(high)))
        return false;
    while (high - low > 1) {
        int64_t middle = low + (high - low) / 2;
        if (mw_zone_offset_s(z, mw_utc_of_s(middle)) == before)
            low = middle;
        else
            high = middle;
    }
    *out_s = high;
    return true;
}

/* NAESB REQ.21, DstRuleType: month, rule, day of month, weekday, hour, second of the hour. The
 * clock time is the one that is left. */
static void rule_text(int64_t change_s, int32_t offset_before, char out[9]) {
    mw_civil c = mw_civil_of_utc(mw_utc_of_s(change_s + offset_before));
    int64_t day = mw_days_of_date(c.year, c.month, c.day);
    int32_t year = 0;
    uint8_t month = 0, next = 0;
    mw_date_of_days(day + 7, &year, &month, &next);
    uint32_t rule = month != c.month ? 7u : 2u + (c.day - 1u) / 7u;
    uint32_t weekday = mw_weekday_of_days(day) + 1;
    uint32_t v = (uint32_t)c.month << 28 | rule << 25 | weekday << 17 | (uint32_t)c.hour << 12 |
                 (c.minute * 60u + c.second);
    snprintf(out, 9, "%08X", v);
}

mw_espi_clock mw_espi_clock_of(const mw_zone *zone, int32_t year) {
    mw_espi_clock clock = {"FFFFFFFF", "FFFFFFFF", 0, 0};
    int32_t january = mw_zone_offset_s(zone, mw_utc_of_s(mw_days_of_date(year, 1, 2) * 86400));
    int32_t july = mw_zone_offset_s(zone, mw_utc_of_s(mw_days_of_date(year, 7, 2) * 86400));
    clock.tz_offset_s = january < july ? january : july;
    clock.dst_offset_s = (january < july ? july : january) - clock.tz_offset_s;
    for (unsigned month = 1; month <= 12 && clock.dst_offset_s != 0; month++) {
        int64_t from = mw_days_of_date(year, month, 1) * 86400;
        int64_t to = mw_days_of_date(month == 12 ? year + 1 : year, month % 12 + 1, 1) * 86400;
        int64_t change = 0;
        if (!change_between(zone, from, to, &change))
            continue;
        int32_t before = mw_zone_offset_s(zone, mw_utc_of_s(from));
        bool forward = mw_zone_offset_s(zone, mw_utc_of_s(to)) > before;
        rule_text(change, before, forward ? clock.start_rule : clock.end_rule);
    }
    return clock;
}

/* ---- Atom ---- */

/* A UUID (RFC 9562, version 8) from names: the same thing has the same id in every file. */
static void put_uuid(mw_buffer *out, const char *kind, const char *a, const char *b) {
    uint8_t id[16];
    crypto_generichash_state state;
    crypto_generichash_init(&state, NULL, 0, sizeof id);
    const char *parts[] = {"meterworks", kind, a, b};
    for (size_t i = 0; i < 4; i++)
        crypto_generichash_update(&state, (const uint8_t *)parts[i], strlen(parts[i]) + 1);
    crypto_generichash_final(&state, id, sizeof id);
    id[6] = (uint8_t)((id[6] & 0x0f) | 0x80);
    id[8] = (uint8_t)((id[8] & 0x3f) | 0x80);
    mw_buffer_append_str(out, "<id>urn:uuid:");
    for (size_t i = 0; i < sizeof id; i++)
        mw_buffer_printf(out, "%s%02x", i == 4 || i == 6 || i == 8 || i == 10 ? "-" : "", id[i]);
    mw_buffer_append_str(out, "</id>");
}

static void put_link(mw_buffer *out, const char *relation, const char *format, unsigned number) {
    mw_buffer_printf(out, "<link rel=\"%s\" href=\"", relation);
    /* The formats are those of this file. */
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
    mw_buffer_printf(out, format, number);
#pragma GCC diagnostic pop
    mw_buffer_append_str(out, "\"/>");
}

static void entry_begin(mw_green_button *g, const char *kind, const char *key) {
    char at[MW_UTC_TEXT_MAX];
    mw_utc_format(g->made_at, at);
    mw_buffer_append_str(g->out, "<entry>");
    put_uuid(g->out, kind, g->series->usage_point, key);
    mw_xml_element(g->out, "published", at);
    mw_xml_element(g->out, "updated", at);
}

/* ServiceKind of ESPI. */
static int service_of(const char *medium) {
    static const struct {
        const char *medium;
        int kind;
    } kinds[] = {{"electricity", 0}, {"gas", 1}, {"water", 2}, {"heat", 4}};
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++)
        if (strcmp(kinds[i].medium, medium) == 0)
            return kinds[i].kind;
    return 0;
}

void mw_green_button_begin(mw_green_button *g, const mw_exchange_series *first, mw_utc made_at,
                           mw_utc from, mw_buffer *out) {
    *g = (mw_green_button){.out = out, .series = first, .made_at = made_at};
    char at[MW_UTC_TEXT_MAX];
    mw_utc_format(made_at, at);
    mw_buffer_append_str(out, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
                              "<feed xmlns=\"http://www.w3.org/2005/Atom\">");
    put_uuid(out, "feed", first->usage_point, at);
    mw_xml_element(out, "title", "Green Button Usage Feed");
    mw_xml_element(out, "updated", at);
    entry_begin(g, "usage point", "");
    put_link(out, "self", "UsagePoint/%u", 1);
    put_link(out, "related", "LocalTimeParameters/%u", 1);
    put_link(out, "related", "UsagePoint/%u/MeterReading", 1);
    mw_xml_element(out, "title", first->address);
    mw_buffer_printf(out,
                     "<content><UsagePoint xmlns=\"http://naesb.org/espi\"><ServiceCategory>"
                     "<kind>%d</kind></ServiceCategory></UsagePoint></content></entry>\n",
                     service_of(first->medium));
    mw_espi_clock clock = mw_espi_clock_of(first->zone, mw_civil_of_utc(from).year);
    entry_begin(g, "clock", first->zone_name);
    put_link(out, "self", "LocalTimeParameters/%u", 1);
    mw_xml_element(out, "title", first->zone_name);
    mw_buffer_printf(out,
                     "<content><LocalTimeParameters xmlns=\"http://naesb.org/espi\">"
                     "<dstEndRule>%s</dstEndRule><dstOffset>%d</dstOffset>"
                     "<dstStartRule>%s</dstStartRule><tzOffset>%d</tzOffset>"
                     "</LocalTimeParameters></content></entry>\n",
                     clock.end_rule, clock.dst_offset_s, clock.start_rule, clock.tz_offset_s);
}

/* ---- channels ---- */

typedef struct reading_kind {
    int commodity; /* CommodityKind */
    int kind;      /* MeasurementKind: 12 energy, 58 volume */
    int flow;      /* FlowDirectionKind: 1 delivered, 19 received */
} reading_kind;

static reading_kind kind_of(const mw_exchange_series *s) {
    reading_kind k = {1, 12, 1};
    int service = service_of(s->medium);
    if (service == 1)
        k = (reading_kind){7, 58, 1};
    else if (service == 2)
        k = (reading_kind){9, 58, 1};
    else if (service == 4)
        k.commodity = 12; /* heating fluid */
    if (service == 0 && (s->obis[2] == 2 || s->obis[2] == 4))
        k.flow = 19;
    if (s->unit == MW_UNIT_WH || s->unit == MW_UNIT_J)
        k.kind = 12;
    return k;
}

static void block_end(mw_green_button *g) {
    if (g->in_block)
        mw_buffer_append_str(g->out, "</IntervalBlock></content></entry>\n");
    g->in_block = false;
}

mw_status mw_green_button_series(mw_green_button *g, const mw_exchange_series *s) {
    uint16_t unit = mw_unit_info_of(s->unit)->espi;
    if (s->interval_s == 0 || unit == 0)
        return MW_UNSUPPORTED;
    block_end(g);
    g->series = s;
    g->channels++;
    char key[96];
    snprintf(key, sizeof key, "%.60s %02x%02x%02x", s->serial, s->obis[0], s->obis[2], s->obis[3]);
    entry_begin(g, "meter reading", key);
    put_link(g->out, "self", "UsagePoint/1/MeterReading/%u", g->channels);
    put_link(g->out, "up", "UsagePoint/%u/MeterReading", 1);
    put_link(g->out, "related", "UsagePoint/1/MeterReading/%u/IntervalBlock", g->channels);
    put_link(g->out, "related", "ReadingType/%u", g->channels);
    mw_xml_element(g->out, "title", s->name);
    mw_buffer_append_str(g->out, "<content><MeterReading xmlns=\"http://naesb.org/espi\"/>"
                                 "</content></entry>\n");
    reading_kind k = kind_of(s);
    entry_begin(g, "reading type", key);
    put_link(g->out, "self", "ReadingType/%u", g->channels);
    mw_xml_element(g->out, "title", s->name);
    mw_buffer_printf(g->out,
                     "<content><ReadingType xmlns=\"http://naesb.org/espi\">"
                     "<accumulationBehaviour>4</accumulationBehaviour><commodity>%d</commodity>"
                     "<dataQualifier>0</dataQualifier><flowDirection>%d</flowDirection>"
                     "<intervalLength>%u</intervalLength><kind>%d</kind><phase>0</phase>"
                     "<powerOfTenMultiplier>%d</powerOfTenMultiplier><timeAttribute>0"
                     "</timeAttribute><uom>%u</uom></ReadingType></content></entry>\n",
                     k.commodity, k.flow, s->interval_s, k.kind, s->scale, unit);
    return MW_OK;
}

/* A block is a local day of the usage point. */
static void block_begin(mw_green_button *g, mw_utc at) {
    const mw_zone *z = g->series->zone;
    int64_t day = mw_zone_local_day(z, at, &(int32_t){0});
    mw_utc start = mw_zone_day_start(z, day);
    g->block_end = mw_zone_day_start(z, day + 1);
    char key[96];
    snprintf(key, sizeof key, "%.60s %u %lld", g->series->serial, g->channels, (long long)day);
    entry_begin(g, "interval block", key);
    put_link(g->out, "up", "UsagePoint/1/MeterReading/%u/IntervalBlock", g->channels);
    mw_buffer_printf(g->out,
                     "<content><IntervalBlock xmlns=\"http://naesb.org/espi\"><interval>"
                     "<duration>%lld</duration><start>%lld</start></interval>\n",
                     (long long)(mw_utc_since(g->block_end, start).ns / MW_NS_PER_S),
                     (long long)mw_utc_floor_s(start));
    g->in_block = true;
}

void mw_green_button_value(mw_green_button *g, const mw_exchange_value *v) {
    if (!g->in_block || v->start.us >= g->block_end.us) {
        block_end(g);
        block_begin(g, v->start);
    }
    mw_buffer_printf(g->out,
                     "<IntervalReading><ReadingQuality><quality>%d</quality></ReadingQuality>"
                     "<timePeriod><duration>%u</duration><start>%lld</start></timePeriod>"
                     "<value>%lld</value></IntervalReading>\n",
                     (int)mw_quality_espi(v->flags, v->method, v->stage), g->series->interval_s,
                     (long long)mw_utc_floor_s(v->start), (long long)v->value);
}

mw_status mw_green_button_end(mw_green_button *g) {
    block_end(g);
    mw_buffer_append_str(g->out, "</feed>\n");
    return g->out->status;
}
