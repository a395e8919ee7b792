/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <string.h>

#include "platform/files/exchange.h"
#include "platform/files/xml.h"

#define HALF_HOUR_S 1800

static bool is_inn(const char *text) {
    size_t n = strspn(text, "0123456789");
    return text[n] == 0 && (n == 10 || n == 12);
}

void mw_80020_file_name(const mw_80020_head *head, char out[MW_80020_NAME_MAX]) {
    int32_t year = 0;
    uint8_t month = 0, day = 0;
    mw_date_of_days(head->local_day, &year, &month, &day);
    snprintf(out, MW_80020_NAME_MAX, "80020_%.12s_%04d%02u%02u_%u_%.12s.xml", head->sender_inn,
             year, month, day, head->number, head->area_inn);
}

static void put_company(mw_buffer *out, const char *name, const char *inn) {
    mw_buffer_append_str(out, "<name>");
    mw_xml_text_1251(out, name);
    mw_buffer_printf(out, "</name><inn>%s</inn>", inn);
}

mw_status mw_80020_begin(mw_80020 *x, const mw_80020_head *head, mw_buffer *out) {
    if (!is_inn(head->sender_inn) || !is_inn(head->area_inn))
        return MW_SYNTAX;
    mw_utc start = mw_zone_day_start(head->zone, head->local_day);
    mw_utc end = mw_zone_day_start(head->zone, head->local_day + 1);
    if (mw_utc_since(end, start).ns != 86400 * MW_NS_PER_S)
        return MW_RANGE;
    *x = (mw_80020){.out = out, .head = head};
    mw_civil made = mw_civil_of_utc(
        mw_utc_add(head->made_at, mw_dur_s(mw_zone_offset_s(head->zone, head->made_at))));
    int32_t year = 0;
    uint8_t month = 0, day = 0;
    mw_date_of_days(head->local_day, &year, &month, &day);
    mw_buffer_printf(out,
                     "<?xml version=\"1.0\" encoding=\"windows-1251\"?>\r\n"
                     "<message class=\"80020\" version=\"2\" number=\"%u\">\r\n"
                     "<datetime><timestamp>%04d%02u%02u%02u%02u%02u</timestamp>"
                     "<daylightsavingtime>0</daylightsavingtime><day>%04d%02u%02u</day>"
                     "</datetime>\r\n<sender>",
                     head->number, made.year, made.month, made.day, made.hour, made.minute,
                     made.second, year, month, day);
    put_company(out, head->sender_name, head->sender_inn);
    mw_buffer_append_str(out, "</sender>\r\n<area timezone=\"1\">");
    put_company(out, head->area_name, head->area_inn);
    mw_buffer_append_str(out, "\r\n");
    return MW_OK;
}

/* Channel codes of the format: 01 A+, 02 A-, 03 R+, 04 R-. */
static int channel_of(const mw_exchange_series *s) {
    bool energy = s->unit == MW_UNIT_WH || s->unit == MW_UNIT_VARH;
    bool known = energy && s->obis[0] == 1 && s->obis[2] >= 1 && s->obis[2] <= 4 && s->obis[3] == 8;
    return known ? s->obis[2] : 0;
}

/* Counts of 10^scale Wh as kWh: floor of the running sum, so that nothing is lost on the way. */
static int64_t kwh_of(int64_t sum, int scale) {
    for (; scale > 3; scale--)
        sum *= 10;
    int64_t unit = 1;
    for (; scale < 3; scale++)
        unit *= 10;
    return sum / unit - (sum % unit < 0);
}

static void channel_end(mw_80020 *x) {
    if (!x->in_channel)
        return;
    int64_t sum = 0, told = 0;
    mw_buffer_printf(x->out, "<measuringchannel code=\"%02d\" desc=\"", x->code);
    mw_xml_text_1251(x->out, x->name);
    mw_buffer_append_str(x->out, "\">\r\n");
    for (unsigned i = 0; i < 48; i++) {
        unsigned end = (i + 1) % 48;
        if (!x->known[i])
            continue; /* a period without a value is left out */
        sum += x->half_hour[i];
        int64_t kwh = kwh_of(sum, x->scale);
        mw_buffer_printf(x->out,
                         "<period start=\"%02u%02u\" end=\"%02u%02u\"><value%s>%lld</value>"
                         "</period>\r\n",
                         i / 2, i % 2 * 30, end / 2, end % 2 * 30,
                         x->doubtful[i] ? " status=\"1\"" : "", (long long)(kwh - told));
        told = kwh;
    }
    mw_buffer_append_str(x->out, "</measuringchannel>\r\n");
    x->in_channel = false;
}

static void point_end(mw_80020 *x) {
    channel_end(x);
    if (x->in_point)
        mw_buffer_append_str(x->out, "</measuringpoint>\r\n");
    x->in_point = false;
}

mw_status mw_80020_series(mw_80020 *x, const mw_exchange_series *s) {
    if (channel_of(s) == 0 || s->scale < -9 || s->scale > 9 || s->interval_s == 0 ||
        HALF_HOUR_S % s->interval_s != 0)
        return MW_UNSUPPORTED;
    channel_end(x);
    if (!x->in_point || strcmp(x->point, s->usage_point) != 0) {
        point_end(x);
        snprintf(x->point, sizeof x->point, "%s", s->usage_point);
        mw_buffer_append_str(x->out, "<measuringpoint code=\"");
        mw_xml_text_1251(x->out, s->usage_point);
        mw_buffer_append_str(x->out, "\" name=\"");
        mw_xml_text_1251(x->out, s->address);
        mw_buffer_append_str(x->out, "\">\r\n");
        x->in_point = true;
    }
    x->in_channel = true;
    x->code = channel_of(s);
    x->scale = s->scale;
    snprintf(x->name, sizeof x->name, "%s", s->name);
    for (unsigned i = 0; i < 48; i++) {
        x->half_hour[i] = 0;
        x->known[i] = x->doubtful[i] = false;
    }
    return MW_OK;
}

void mw_80020_value(mw_80020 *x, const mw_exchange_value *v) {
    mw_utc start = mw_zone_day_start(x->head->zone, x->head->local_day);
    int64_t second = mw_utc_since(v->start, start).ns / MW_NS_PER_S;
    if (second < 0 || second >= 86400)
        return;
    unsigned i = (unsigned)(second / HALF_HOUR_S);
    x->half_hour[i] += v->value;
    x->known[i] = true;
    /* The status says that the value is not of the meter as it stands. */
    x->doubtful[i] |= (v->flags & (MW_VEE_ESTIMATED | MW_VEE_EDITED | MW_VEE_SUSPECT)) != 0;
}

mw_status mw_80020_end(mw_80020 *x) {
    point_end(x);
    mw_buffer_append_str(x->out, "</area>\r\n</message>\r\n");
    return x->out->status;
}
