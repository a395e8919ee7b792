/* SPDX-License-Identifier: Apache-2.0 */
#include <expat.h>
#include <stdio.h>

#include "platform/files/exchange.h"
#include "platform/files/xml.h"
#include "tests/harness/mw_test.h"

static mw_zones *zones;
static mw_buffer out;

static const mw_zone *zone(const char *name) {
    const mw_zone *z = NULL;
    MW_CHECK_OK(mw_zones_get(zones, name, &z));
    return z;
}

static mw_utc utc(const char *text) {
    mw_utc t;
    MW_CHECK_OK(mw_utc_parse(mw_slice_of_str(text), &t));
    return t;
}

static mw_exchange_series water(uint32_t interval_s) {
    return (mw_exchange_series){.serial = "MW-W-1",
                                .usage_point = "up-1",
                                .name = "Cold <water>",
                                .address = "Via Roma 1 & 2",
                                .medium = "water",
                                .obis = {8, 0, 1, 0, 0, 255},
                                .unit = MW_UNIT_L,
                                .interval_s = interval_s,
                                .zone_name = "Europe/Rome",
                                .zone = zone("Europe/Rome")};
}

static mw_exchange_series energy(uint32_t interval_s) {
    return (mw_exchange_series){.serial = "MW-E-1",
                                .usage_point = "131150001113003",
                                .name = "\xd0\xbf\xd1\x80\xd0\xb8\xd1\x91\xd0\xbc",
                                .address = "\xd0\xa2\xd0\x93-4 \xe2\x86\x92",
                                .medium = "electricity",
                                .obis = {1, 0, 1, 8, 0, 255},
                                .unit = MW_UNIT_WH,
                                .interval_s = interval_s,
                                .zone_name = "Europe/Moscow",
                                .zone = zone("Europe/Moscow")};
}

static void fresh(void) {
    mw_buffer_fini(&out);
    mw_buffer_init(&out, 1 << 20);
}

/* Parses as XML in the encoding it names, which expat must know. */
static bool well_formed(void) {
    XML_Parser p = XML_ParserCreate(NULL);
    enum XML_Status s = XML_Parse(p, mw_buffer_text(&out), (int)out.n, 1);
    XML_ParserFree(p);
    return s == XML_STATUS_OK;
}

static bool holds(const char *part) {
    return strstr(mw_buffer_text(&out), part) != NULL;
}

static unsigned times(const char *part) {
    unsigned n = 0;
    for (const char *at = mw_buffer_text(&out); (at = strstr(at, part)) != NULL; at++)
        n++;
    return n;
}

/* --- structure: what the published schemas say of order and number ------------------------------- */

/* Children of an element in their order; ? * + as in a DTD. Only what the files use. */
typedef struct rule {
    const char *element, *children;
} rule;

/* Atom (RFC 4287) leaves the order free; NAESB ESPI 1.1 (espi.xsd) has sequences. */
static const rule green_button[] = {
    {"UsagePoint", "ServiceCategory"},
    {"ServiceCategory", "kind"},
    {"LocalTimeParameters", "dstEndRule dstOffset dstStartRule tzOffset"},
    {"ReadingType",
     "accumulationBehaviour? commodity? consumptionTier? currency? dataQualifier? defaultQuality? "
     "flowDirection? intervalLength? kind? phase? powerOfTenMultiplier? timeAttribute? tou? uom?"},
    {"MeterReading", ""},
    {"IntervalBlock", "interval? IntervalReading*"},
    {"interval", "duration? start?"},
    {"IntervalReading", "cost? ReadingQuality* timePeriod? value?"},
    {"ReadingQuality", "quality"},
    {"timePeriod", "duration? start?"},
};

/* IEC 61968-100 (message) and IEC 61968-9 (MeterReadings). */
static const rule cim[] = {
    {"EventMessage", "Header Reply? Payload?"},
    {"Header", "Verb Noun Revision? Context? Timestamp? Source? AsyncReplyFlag? ReplyAddress? "
               "AckRequired? User? MessageID? CorrelationID? Comment?"},
    {"Payload", "MeterReadings"},
    {"MeterReadings", "MeterReading*"},
    {"MeterReading", "valuesInterval? isCoincidentTrigger? CustomerAgreement? EndDeviceEvents* "
                     "IntervalBlocks* Meter? Readings* UsagePoint?"},
    {"IntervalBlocks", "IntervalReadings* Pending? ReadingType"},
    {"IntervalReadings",
     "reportedDateTime? source? timeStamp? value ReadingQualities* timePeriod?"},
    {"Readings", "reason? reportedDateTime? source? timeStamp? value ReadingQualities* timePeriod? "
                 "ReadingType"},
    {"ReadingQualities", "comment? source? timeStamp? ReadingQualityType"},
    {"Meter", "mRID? Names*"},
    {"UsagePoint", "mRID? Names*"},
    {"Names", "name NameType?"},
};

/* The message of class 80020, as the market's rules give it. */
static const rule f80020[] = {
    {"message", "comment? datetime sender area+"},
    {"datetime", "timestamp daylightsavingtime day"},
    {"sender", "name inn"},
    {"area", "name inn measuringpoint+"},
    {"measuringpoint", "measuringchannel+"},
    {"measuringchannel", "period+"},
    {"period", "value"},
};

typedef struct walk {
    const rule *rules;
    size_t n;
    const char *at[16]; /* what may still come in each open element; NULL = no rule */
    bool seen[16];      /* the first of it came already */
    int depth, checked;
    bool right;
} walk;

/* Takes one name from a list; gives how often it may come. */
static char next_child(const char **at, char name[40]) {
    size_t n = strcspn(*at, " ");
    char often = n > 0 && strchr("?*+", (*at)[n - 1]) != NULL ? (*at)[n - 1] : '1';
    (void)snprintf(name, 40, "%.*s", (int)(n - (often != '1')), *at);
    *at += n + ((*at)[n] == ' ');
    return often;
}

static void child_comes(walk *w, const char *child) {
    const char **at = &w->at[w->depth];
    while (**at != 0) {
        char name[40];
        const char *before = *at;
        char often = next_child(at, name);
        if (strcmp(name, child) == 0) {
            w->seen[w->depth] = often == '*' || often == '+';
            if (w->seen[w->depth])
                *at = before; /* one more may follow */
            return;
        }
        if (often == '1' || (often == '+' && !w->seen[w->depth]))
            break;
        w->seen[w->depth] = false;
    }
    print_error("<%s> is not allowed here\n", child);
    w->right = false;
}

static void XMLCALL on_start(void *context, const XML_Char *name, const XML_Char **attributes) {
    walk *w = context;
    (void)attributes;
    if (w->depth >= 0 && w->at[w->depth] != NULL) {
        w->checked++;
        child_comes(w, name);
    }
    w->depth++;
    MW_CHECK(w->depth < 16);
    w->at[w->depth] = NULL;
    w->seen[w->depth] = false;
    for (size_t i = 0; i < w->n; i++)
        if (strcmp(w->rules[i].element, name) == 0)
            w->at[w->depth] = w->rules[i].children;
}

static void XMLCALL on_end(void *context, const XML_Char *name) {
    walk *w = context;
    const char *rest = w->at[w->depth];
    bool seen = w->seen[w->depth];
    while (rest != NULL && *rest != 0) {
        char child[40];
        char often = next_child(&rest, child);
        if (often == '1' || (often == '+' && !seen)) {
            print_error("<%s> lacks <%s>\n", name, child);
            w->right = false;
        }
        seen = false;
    }
    w->depth--;
}

/* Letters of Windows-1251; its other signs as anything. */
static int XMLCALL on_encoding(void *context, const XML_Char *name, XML_Encoding *info) {
    (void)context;
    if (strcmp(name, "windows-1251") != 0)
        return XML_STATUS_ERROR;
    for (int i = 0; i < 256; i++)
        info->map[i] = i < 128 ? i : i >= 0xC0 ? 0x410 + i - 0xC0 : 0x2000 + i;
    info->data = NULL;
    info->convert = NULL;
    info->release = NULL;
    return XML_STATUS_OK;
}

static bool in_order(const rule *rules, size_t n, int least) {
    walk w = {.rules = rules, .n = n, .depth = -1, .right = true};
    XML_Parser p = XML_ParserCreate(NULL);
    XML_SetUserData(p, &w);
    XML_SetElementHandler(p, on_start, on_end);
    XML_SetUnknownEncodingHandler(p, on_encoding, NULL);
    enum XML_Status s = XML_Parse(p, mw_buffer_text(&out), (int)out.n, 1);
    XML_ParserFree(p);
    MW_CHECK(w.checked >= least); /* the rules were met at all */
    return s == XML_STATUS_OK && w.right;
}
#define IN_ORDER(rules, least) in_order(rules, sizeof(rules) / sizeof(rules)[0], least)

static void file_of(const char *text) {
    fresh();
    mw_buffer_append_str(&out, text);
}

MW_TEST(what_is_out_of_order_is_found) {
    file_of("<sender><name>a</name><inn>1</inn></sender>");
    MW_CHECK(IN_ORDER(f80020, 2));
    file_of("<sender><inn>1</inn><name>a</name></sender>");
    MW_CHECK(!IN_ORDER(f80020, 1));
    file_of("<sender><name>a</name></sender>");
    MW_CHECK(!IN_ORDER(f80020, 1));
    file_of("<sender><name>a</name><inn>1</inn><kpp/></sender>");
    MW_CHECK(!IN_ORDER(f80020, 1));
    file_of("<area><name>a</name><inn>1</inn></area>");
    MW_CHECK(!IN_ORDER(f80020, 2));
    file_of("<IntervalReading><value>1</value><timePeriod/></IntervalReading>");
    MW_CHECK(!IN_ORDER(green_button, 1));
}

MW_TEST(clock_rules_are_as_published) {
    mw_espi_clock us = mw_espi_clock_of(zone("America/New_York"), 2026);
    MW_CHECK_STR(us.start_rule, "360E2000"); /* second Sunday of March, 2:00 */
    MW_CHECK_STR(us.end_rule, "B40E2000");   /* first Sunday of November, 2:00 */
    MW_CHECK_EQ(us.tz_offset_s, -18000);
    MW_CHECK_EQ(us.dst_offset_s, 3600);
    mw_espi_clock rome = mw_espi_clock_of(zone("Europe/Rome"), 2026);
    MW_CHECK_STR(rome.start_rule, "3E0E2000"); /* last Sunday of March, 2:00 */
    MW_CHECK_STR(rome.end_rule, "AE0E3000");   /* last Sunday of October, 3:00 */
    mw_espi_clock sydney = mw_espi_clock_of(zone("Australia/Sydney"), 2026);
    MW_CHECK_STR(sydney.start_rule, "A40E2000");
    MW_CHECK_STR(sydney.end_rule, "440E3000");
    MW_CHECK_EQ(sydney.tz_offset_s, 36000);
    MW_CHECK_STR(mw_espi_clock_of(zone("Asia/Kolkata"), 2026).start_rule, "FFFFFFFF");
}

MW_TEST(a_green_button_file_has_blocks_of_local_days) {
    fresh();
    mw_exchange_series s = water(3600);
    mw_utc from = utc("2026-10-24T22:00:00Z"); /* midnight of a day with 25 hours */
    mw_green_button g;
    mw_green_button_begin(&g, &s, utc("2026-11-01T00:00:00Z"), from, &out);
    MW_CHECK_OK(mw_green_button_series(&g, &s));
    for (int i = 0; i < 25 + 24; i++) {
        mw_exchange_value v = {.start = mw_utc_add(from, mw_dur_s(i * 3600)),
                               .value = i,
                               .flags = i == 3 ? MW_VEE_ESTIMATED : 0,
                               .method = i == 3 ? MW_VEE_E4_LINEAR : MW_VEE_NO_METHOD,
                               .stage = MW_STAGE_VALIDATED};
        mw_green_button_value(&g, &v);
    }
    MW_CHECK_OK(mw_green_button_end(&g));
    MW_CHECK(well_formed());
    MW_CHECK(IN_ORDER(green_button, 200));
    MW_CHECK_EQ(times("<IntervalBlock "), 2);
    MW_CHECK_EQ(times("<IntervalReading>"), 49);
    MW_CHECK(holds("<duration>90000</duration><start>1792879200</start></interval>"));
    MW_CHECK(holds("<duration>86400</duration><start>1792969200</start></interval>"));
    MW_CHECK(holds("<quality>9</quality></ReadingQuality><timePeriod><duration>3600</duration>"
                   "<start>1792890000</start></timePeriod><value>3</value>"));
    MW_CHECK(holds("<commodity>9</commodity>"));
    MW_CHECK(holds("<uom>134</uom>"));
    MW_CHECK(holds("<title>Via Roma 1 &amp; 2</title>"));
    MW_CHECK(holds("<title>Cold &lt;water&gt;</title>"));
    MW_CHECK(holds("<dstEndRule>AE0E3000</dstEndRule>"));
    s.interval_s = 0;
    MW_CHECK_STATUS(mw_green_button_series(&g, &s), MW_UNSUPPORTED);
}

MW_TEST(a_cim_message_names_meters_types_and_qualities) {
    fresh();
    mw_exchange_series hours = water(3600), reg = water(0), e = energy(1800);
    mw_cim c;
    mw_cim_begin(&c, "Meterworks", "m-1", utc("2026-11-01T00:00:00Z"), &out);
    MW_CHECK_OK(mw_cim_series(&c, &hours));
    mw_exchange_value v = {.start = utc("2026-10-31T05:00:00Z"),
                           .value = 12,
                           .flags = MW_VEE_ESTIMATED,
                           .method = MW_VEE_E4_LINEAR,
                           .stage = MW_STAGE_FINAL};
    mw_cim_value(&c, &v);
    MW_CHECK_OK(mw_cim_series(&c, &reg));
    v = (mw_exchange_value){.start = utc("2026-10-31T06:00:00Z"), .value = 1234567};
    mw_cim_value(&c, &v);
    MW_CHECK_STATUS(mw_cim_series(&c, &hours), MW_STATE);
    MW_CHECK_OK(mw_cim_series(&c, &e));
    mw_cim_value(&c, &v);
    MW_CHECK_OK(mw_cim_end(&c));
    MW_CHECK(well_formed());
    MW_CHECK(IN_ORDER(cim, 30));
    MW_CHECK_EQ(times("<MeterReading>"), 2);
    MW_CHECK_EQ(times("<name>MW-W-1</name>"), 1);
    MW_CHECK(holds("<timeStamp>2026-10-31T06:00:00Z</timeStamp><value>12</value>"
                   "<ReadingQualities><ReadingQualityType ref=\"3.8."));
    MW_CHECK(holds("<ReadingType ref=\"0.0.7.4.1.9.58.0.0.0.0.0.0.0.0.0.134.0\"/>"
                   "</IntervalBlocks>"));
    MW_CHECK(holds("<ReadingType ref=\"0.0.0.9.1.9.58.0.0.0.0.0.0.0.0.0.134.0\"/></Readings>"));
    char type[MW_CIM_TYPE_TEXT];
    e.scale = 3;
    e.obis[4] = 2;
    MW_CHECK_OK(mw_cim_reading_type(&e, type));
    MW_CHECK_STR(type, "0.0.5.4.1.1.12.0.0.0.0.2.0.0.0.3.72.0");
    e.scale = 1;
    MW_CHECK_STATUS(mw_cim_reading_type(&e, type), MW_UNSUPPORTED);
}

static mw_80020_head head(void) {
    return (mw_80020_head){.sender_name = "\xd0\x9e\xd0\x90\xd0\x9e \"\xd0\xa2\xd0\x93\xd0\x9a\"",
                           .sender_inn = "5257072937",
                           .area_name = "\xd0\xa2\xd0\x93\xd0\x9a",
                           .area_inn = "1328903069",
                           .number = 1056,
                           .made_at = utc("2026-01-10T01:09:22Z"),
                           .zone = zone("Europe/Moscow"),
                           .local_day = mw_days_of_date(2026, 1, 9)};
}

MW_TEST(half_hours_of_a_day_keep_their_sum) {
    fresh();
    mw_80020_head h = head();
    char name[MW_80020_NAME_MAX];
    mw_80020_file_name(&h, name);
    MW_CHECK_STR(name, "80020_5257072937_20260109_1056_1328903069.xml");
    mw_80020 x;
    mw_exchange_series s = energy(900);
    MW_CHECK_OK(mw_80020_begin(&x, &h, &out));
    MW_CHECK_OK(mw_80020_series(&x, &s));
    /* 300 Wh a quarter: half-hours of 0.6 kWh, a day of 28.8 */
    for (int i = -4; i < 100; i++) {
        mw_exchange_value v = {.start = mw_utc_add(utc("2026-01-08T21:00:00Z"), mw_dur_s(i * 900)),
                               .value = 300,
                               .flags = i == 2 ? MW_VEE_ESTIMATED : 0};
        mw_80020_value(&x, &v);
    }
    MW_CHECK_OK(mw_80020_end(&x));
    MW_CHECK(IN_ORDER(f80020, 100));
    MW_CHECK_EQ(times("<period "), 48);
    MW_CHECK(holds("<period start=\"0000\" end=\"0030\"><value>0</value></period>\r\n"
                   "<period start=\"0030\" end=\"0100\"><value status=\"1\">1</value></period>"));
    MW_CHECK(holds("<period start=\"2330\" end=\"0000\">"));
    int64_t sum = 0;
    for (const char *at = mw_buffer_text(&out); (at = strstr(at, "</value>")) != NULL; at++)
        sum += at[-1] - '0';
    MW_CHECK_EQ(sum, 28);
    MW_CHECK(holds("<timestamp>20260110040922</timestamp>"));
    MW_CHECK(holds("<measuringchannel code=\"01\" desc=\"\xef\xf0\xe8\xb8\xec\">"));
    MW_CHECK(holds("name=\"\xd2\xc3-4 ?\""));
    MW_CHECK(holds("<name>\xce\xc0\xce &quot;\xd2\xc3\xca&quot;</name>"));
}

MW_TEST(what_80020_cannot_say_is_refused) {
    fresh();
    mw_80020 x;
    mw_80020_head h = head();
    h.sender_inn = "12";
    MW_CHECK_STATUS(mw_80020_begin(&x, &h, &out), MW_SYNTAX);
    h = head();
    h.zone = zone("Europe/Rome");
    h.local_day = mw_days_of_date(2026, 3, 29);
    MW_CHECK_STATUS(mw_80020_begin(&x, &h, &out), MW_RANGE);
    h = head();
    MW_CHECK_OK(mw_80020_begin(&x, &h, &out));
    mw_exchange_series s = energy(3600), w = water(1800);
    MW_CHECK_STATUS(mw_80020_series(&x, &s), MW_UNSUPPORTED);
    MW_CHECK_STATUS(mw_80020_series(&x, &w), MW_UNSUPPORTED);
}

MW_TEST(texts_are_escaped_whatever_they_hold) {
    fresh();
    mw_xml_element(&out, "a", "<&>\"'\x01\xff\xed\xa0\x80 \xf0\x9f\x92\xa7");
    MW_CHECK(well_formed());
    MW_CHECK_STR(mw_buffer_text(&out), "<a>&lt;&amp;&gt;&quot;&#39;????? \xf0\x9f\x92\xa7</a>");
}

int main(void) {
    MW_CHECK_OK(mw_zones_open(NULL, &zones));
    mw_buffer_init(&out, 1 << 20);
    const struct CMUnitTest cases[] = {MW_CASE(what_is_out_of_order_is_found),
                                       MW_CASE(clock_rules_are_as_published),
                                       MW_CASE(a_green_button_file_has_blocks_of_local_days),
                                       MW_CASE(a_cim_message_names_meters_types_and_qualities),
                                       MW_CASE(half_hours_of_a_day_keep_their_sum),
                                       MW_CASE(what_80020_cannot_say_is_refused),
                                       MW_CASE(texts_are_escaped_whatever_they_hold)};
    int failed = cmocka_run_group_tests(cases, NULL, NULL);
    mw_buffer_fini(&out);
    mw_zones_close(zones);
    return failed;
}
