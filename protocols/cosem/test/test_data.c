/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>

#include "base/prng.h"
#include "protocols/cosem/values.h"
#include "tests/harness/mw_test.h"

/* The walk as text: depth, tag and number or size of every value; "!" and the status at the end. */
static const char *walk(const char *hex, unsigned quirks) {
    static char text[2048];
    mw_cosem_cursor c = mw_cosem_cursor_of(mw_test_hex(hex), quirks);
    mw_cosem_value v;
    mw_status s;
    size_t n = 0;
    text[0] = 0;
    size_t size = 0;
    mw_status checked = mw_cosem_data_check(c.reader.in, quirks, &size);
    while ((s = mw_cosem_cursor_next(&c, &v)) == MW_OK && n < sizeof text - 100) {
        n +=
            (size_t)snprintf(text + n, sizeof text - n, "%u:%s", v.depth, mw_cosem_tag_text(v.tag));
        if (mw_cosem_value_is_number(&v))
            n += (size_t)snprintf(text + n, sizeof text - n, "=%lld", (long long)v.number);
        else if (v.tag == MW_COSEM_ARRAY || v.tag == MW_COSEM_STRUCTURE)
            n += (size_t)snprintf(text + n, sizeof text - n, "[%u]", v.count);
        else if (v.bytes.n != 0)
            n += (size_t)snprintf(text + n, sizeof text - n, "(%zu)", v.bytes.n);
        text[n++] = ' ';
        text[n] = 0;
    }
    MW_CHECK_STATUS(checked, s == MW_NOT_FOUND ? MW_OK : s); /* the check is of the same opinion */
    MW_CHECK(checked != MW_OK || size == c.reader.at);
    if (s == MW_NOT_FOUND && c.reader.at != c.reader.in.n)
        snprintf(text + n, sizeof text - n, "+%zu", c.reader.in.n - c.reader.at);
    else if (s != MW_NOT_FOUND)
        snprintf(text + n, sizeof text - n, "!%s", mw_status_name(s));
    return text;
}

MW_TEST(every_type_is_read) {
    MW_CHECK_STR(walk("00", 0), "0:null ");
    MW_CHECK_STR(walk("0301", 0), "0:boolean=1 ");
    MW_CHECK_STR(walk("040ba5e0", 0), "0:bit-string(2) ");
    MW_CHECK_STR(walk("05fffffffe", 0), "0:double-long=-2 ");
    MW_CHECK_STR(walk("06fffffffe", 0), "0:double-long-unsigned=4294967294 ");
    MW_CHECK_STR(walk("0903414243", 0), "0:octet-string(3) ");
    MW_CHECK_STR(walk("0a03414243", 0), "0:visible-string(3) ");
    MW_CHECK_STR(walk("0c03414243", 0), "0:utf8-string(3) ");
    MW_CHECK_STR(walk("0d12", 0), "0:bcd=18 ");
    MW_CHECK_STR(walk("0fff", 0), "0:integer=-1 ");
    MW_CHECK_STR(walk("108000", 0), "0:long=-32768 ");
    MW_CHECK_STR(walk("11ff", 0), "0:unsigned=255 ");
    MW_CHECK_STR(walk("12ffff", 0), "0:long-unsigned=65535 ");
    MW_CHECK_STR(walk("14ffffffffffffff38", 0), "0:long64=-200 ");
    MW_CHECK_STR(walk("15ffffffffffffffff", 0), "0:long64-unsigned=9223372036854775807 ");
    MW_CHECK_STR(walk("161e", 0), "0:enum=30 ");
    MW_CHECK_STR(walk("1742280000", 0), "0:float32(4) ");
    MW_CHECK_STR(walk("184045000000000000", 0), "0:float64(8) ");
    MW_CHECK_STR(walk("1907e704010615202300ff8880", 0), "0:date-time(12) ");
    MW_CHECK_STR(walk("1a07e7040106", 0), "0:date(5) ");
    MW_CHECK_STR(walk("1b15202300", 0), "0:time(4) ");
    MW_CHECK_STR(walk("1cff 00", 0), "0:delta-integer=-1 +1");
    MW_CHECK_STR(walk("1effffffff", 0), "0:delta-double-long=-1 ");
    MW_CHECK_STR(walk("2000ff", 0), "0:delta-long-unsigned=255 ");
    MW_CHECK_STR(walk("ff", 0), "0:dont-care ");
    MW_CHECK_STR(walk("0203 0906010001 0800ff 060000002a 0202 0fff 161e 55", 0),
                 "0:structure[3] 1:octet-string(6) 1:double-long-unsigned=42 1:structure[2] "
                 "2:integer=-1 2:enum=30 +1");
    MW_CHECK_STR(walk("0102 0100 0200", 0), "0:array[2] 1:array[0] 1:structure[0] ");
    MW_CHECK_STR(walk("0981 03 414243", 0), "0:octet-string(3) ");
    MW_CHECK_STR(walk("0984 00000003 414243", 0), "0:octet-string(3) ");
}

MW_TEST(compact_arrays_are_unpacked) {
    MW_CHECK_STR(walk("13 12 06 000100020003 55", 0),
                 "0:compact-array 1:long-unsigned=1 1:long-unsigned=2 1:long-unsigned=3 +1");
    /* rows of {clock, value} */
    MW_CHECK_STR(walk("13 02 02 09 06 0b 0141 00000001 00 00000002", 0),
                 "0:compact-array 1:structure[2] 2:octet-string(1) 2:double-long-unsigned=1 "
                 "1:structure[2] 2:octet-string 2:double-long-unsigned=2 ");
    /* a structure with an array of two structures in it, twice */
    MW_CHECK_STR(walk("13 02 02 01 0002 02 01 11 0f 06 010203 0405ff", 0),
                 "0:compact-array 1:structure[2] 2:array[2] 3:structure[1] 4:unsigned=1 "
                 "3:structure[1] 4:unsigned=2 2:integer=3 1:structure[2] 2:array[2] 3:structure[1] "
                 "4:unsigned=4 3:structure[1] 4:unsigned=5 2:integer=-1 ");
    MW_CHECK_STR(walk("0202 13 11 00 11 07", 0), "0:structure[2] 1:compact-array 1:unsigned=7 ");
    MW_CHECK_STR(walk("13 12 03 000100", 0), "0:compact-array 1:long-unsigned=1 !SHORT");
    MW_CHECK_STR(walk("13 12 03 000100 02", 0),
                 "0:compact-array 1:long-unsigned=1 1:long-unsigned=2 !SYNTAX");
    MW_CHECK_STR(walk("13 12 09 0001", 0), "!SHORT");
    MW_CHECK_STR(walk("13 02 00 02 0001", 0), "!SYNTAX");
    MW_CHECK_STR(walk("13 13 11 01 01 01 01", 0), "!SYNTAX");
    MW_CHECK_STR(walk("13 02 7f 11", 0), "!SYNTAX");
}

MW_TEST(damage_is_refused_with_its_reason) {
    MW_CHECK_STR(walk("", 0), "!SHORT");
    MW_CHECK_STR(walk("07", 0), "!SYNTAX"); /* 07, 08, 0b, 0e have no meaning */
    MW_CHECK_STR(walk("22", 0), "!SYNTAX");
    MW_CHECK_STR(walk("0203 1101", 0), "!SHORT"); /* three elements cannot be in two bytes */
    MW_CHECK_STR(walk("0203 1101 1102", 0), "0:structure[3] 1:unsigned=1 1:unsigned=2 !SHORT");
    MW_CHECK_STR(walk("0905 414243", 0), "!SHORT");
    MW_CHECK_STR(walk("0980", 0), "!SYNTAX");
    MW_CHECK_STR(walk("0985 0000000001", 0), "!SYNTAX");
    MW_CHECK_STR(walk("0984 ffffffff 41", 0), "!SHORT");
    MW_CHECK_STR(walk("0484 ffffffff 41", 0), "!SHORT");
    MW_CHECK_STR(walk("0184 ffffffff 41", 0), "!SHORT");
    size_t n;
    uint8_t deep[64];
    for (size_t i = 0; i < sizeof deep; i++)
        deep[i] = 1;
    MW_CHECK_STATUS(mw_cosem_data_check(MW_SLICE_OF(deep), 0, &n), MW_LIMIT);
    /* 65535 x 65535 nulls in ten bytes */
    MW_CHECK_STATUS(mw_cosem_data_check(mw_test_hex("13 01 ffff 01 ffff 00 01 00"), 0, &n),
                    MW_LIMIT);
}

/* What a few bytes name must not cost more than a few bytes' work, whatever follows them. */
MW_TEST(values_without_bytes_are_bounded_by_the_bytes) {
    mw_slice bomb = mw_test_hex("13 01 8000 00 01 00"); /* 32768 nulls in seven bytes */
    uint8_t longer[4096] = {0};
    memcpy(longer, bomb.p, bomb.n);
    mw_cosem_cursor c = mw_cosem_cursor_of(bomb, 0), d = mw_cosem_cursor_of(MW_SLICE_OF(longer), 0);
    mw_cosem_value v;
    unsigned n = 0, m = 0;
    while (mw_cosem_cursor_next(&c, &v) == MW_OK)
        n++;
    while (mw_cosem_cursor_next(&d, &v) == MW_OK)
        m++;
    MW_CHECK_STATUS(c.reader.status, MW_LIMIT);
    MW_CHECK_STATUS(d.reader.status, MW_LIMIT);
    MW_CHECK(n == m && n < 400);
    /* A row of 60 nulls and a byte is fine. */
    uint8_t rows[70] = {19, 2, 61};
    rows[63] = 17;
    rows[64] = 4;
    size_t size;
    MW_CHECK_STATUS(mw_cosem_data_check((mw_slice){rows, 69}, 0, &size), MW_OK);
    MW_CHECK_EQ(size, 69);
}

MW_TEST(bare_attribute_descriptors_need_the_option) {
    const char *hex = "0202 0001 00002a0000ff 02 0903454744"; /* EG.D */
    MW_CHECK_STR(walk(hex, MW_COSEM_QUIRK_BARE_ATTRIBUTE),
                 "0:structure[2] 1:attribute-descriptor(9) 1:octet-string(3) ");
    MW_CHECK(strstr(walk(hex, 0), "attribute") == NULL);
    MW_CHECK_STR(walk("0202 0fff 161e 00000000000000", MW_COSEM_QUIRK_BARE_ATTRIBUTE),
                 "0:structure[2] 1:integer=-1 1:enum=30 +7");
}

MW_TEST(skip_leaves_out_what_is_inside) {
    mw_cosem_cursor c =
        mw_cosem_cursor_of(mw_test_hex("0203 0102 0201 1101 0201 1102 1107 0fff"), 0);
    mw_cosem_value v;
    MW_CHECK_OK(mw_cosem_cursor_next(&c, &v));
    MW_CHECK_OK(mw_cosem_cursor_next(&c, &v));
    MW_CHECK_EQ(v.tag, MW_COSEM_ARRAY);
    MW_CHECK_OK(mw_cosem_cursor_skip(&c, &v));
    MW_CHECK_OK(mw_cosem_cursor_next(&c, &v));
    MW_CHECK_EQ(v.number, 7);
    MW_CHECK_OK(mw_cosem_cursor_skip(&c, &v)); /* nothing inside a number */
    MW_CHECK_OK(mw_cosem_cursor_next(&c, &v));
    MW_CHECK_EQ(v.number, -1);
    MW_CHECK_STATUS(mw_cosem_cursor_next(&c, &v), MW_NOT_FOUND);
}

static void put_row(mw_cosem_out *o) {
    mw_cosem_put_structure(o, 8);
    mw_cosem_put_obis(o, MW_OBIS(1, 0, 1, 8, 0, 255));
    mw_cosem_put_int(o, MW_COSEM_UINT32, 4294967295);
    mw_cosem_put_int(o, MW_COSEM_INT64, INT64_MIN);
    mw_cosem_put_u64(o, UINT64_MAX);
    mw_cosem_put_scaler_unit(o, -3, 30);
    mw_cosem_put_text(o, "MW");
    mw_cosem_put_bits(o, (const uint8_t[]){0xA5, 0xE0}, 11);
    mw_cosem_put_array(o, 2);
    mw_cosem_put_boolean(o, true);
    mw_cosem_put_null(o);
}

MW_TEST(encoder_writes_the_same_stream_through_any_window) {
    mw_slice expected = mw_test_hex("0208 09060100010800ff 06ffffffff 148000000000000000 "
                                    "15ffffffffffffffff 02020ffd161e 0a024d57 040ba5e0 0102030100");
    for (size_t room = 1; room <= expected.n; room++) {
        uint8_t all[128], window[128];
        size_t at = 0;
        for (mw_status s = MW_SPACE; s == MW_SPACE;) {
            mw_cosem_out o = mw_cosem_out_of((mw_span){window, room}, at);
            put_row(&o);
            MW_CHECK_EQ(o.at, expected.n);
            mw_slice part = mw_cosem_out_done(&o);
            mw_bytes_copy(all + at, part.p, part.n);
            at += part.n;
            s = mw_cosem_out_end(&o);
            MW_CHECK(s == MW_OK || s == MW_SPACE);
        }
        MW_CHECK_BYTES(expected, all, at);
    }
    static const struct {
        mw_cosem_tag tag;
        int64_t good, bad;
    } limits[] = {{MW_COSEM_INT8, -128, -129},      {MW_COSEM_INT8, 127, 128},
                  {MW_COSEM_UINT8, 255, 256},       {MW_COSEM_UINT16, 0, -1},
                  {MW_COSEM_INT16, 32767, 32768},   {MW_COSEM_UINT32, 4294967295, 4294967296},
                  {MW_COSEM_UINT64, INT64_MAX, -1}, {MW_COSEM_ENUM, 1, 300}};
    for (size_t i = 0; i < sizeof limits / sizeof limits[0]; i++) {
        uint8_t b[16];
        mw_cosem_out o = mw_cosem_out_of(MW_SPAN_OF(b), 0);
        mw_cosem_put_int(&o, limits[i].tag, limits[i].good);
        MW_CHECK_OK(mw_cosem_out_end(&o));
        mw_cosem_put_int(&o, limits[i].tag, limits[i].bad);
        MW_CHECK_STATUS(mw_cosem_out_end(&o), MW_RANGE);
    }
    uint8_t b[300];
    mw_cosem_out o = mw_cosem_out_of(MW_SPAN_OF(b), 0);
    mw_cosem_put_compact_array(&o, mw_test_hex("020209 06"), 5);
    mw_cosem_put_bytes(&o, mw_test_hex("0000000001"));
    MW_CHECK_STR(walk("13020209 0605 0000000001", 0),
                 "0:compact-array 1:structure[2] 2:octet-string 2:double-long-unsigned=1 ");
    MW_CHECK_BYTES(mw_cosem_out_done(&o), mw_test_hex("13020209 0605 0000000001").p, 11);
}

MW_TEST(obis_text) {
    static const struct {
        const char *in, *out;
        mw_status s;
    } cases[] = {{"1-0:1.8.0*255", "1-0:1.8.0*255", MW_OK},
                 {"1-0:1.8.0", "1-0:1.8.0*255", MW_OK},
                 {"0.0.96.1.0.255", "0-0:96.1.0*255", MW_OK},
                 {"255-255:255.255.255*255", "255-255:255.255.255*255", MW_OK},
                 {"1-0:1.8", "", MW_SYNTAX},
                 {"1.0.1.8.0", "", MW_SYNTAX},
                 {"1-0:1.8.0*", "", MW_SYNTAX},
                 {"1-0:1.8.0*255.", "", MW_SYNTAX},
                 {"1-0.1.8.0*255", "", MW_SYNTAX},
                 {"1-0:256.8.0*255", "", MW_RANGE},
                 {"", "", MW_SYNTAX}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        mw_obis o;
        char text[MW_OBIS_TEXT_MAX];
        MW_CHECK_STATUS(mw_obis_parse(mw_slice_of_str(cases[i].in), &o), cases[i].s);
        if (cases[i].s != MW_OK)
            continue;
        mw_obis_format(o, text);
        MW_CHECK_STR(text, cases[i].out);
    }
}

MW_TEST(date_and_time) {
    mw_cosem_datetime d;
    mw_utc t;
    char text[MW_COSEM_DATETIME_TEXT_MAX], utc[MW_UTC_TEXT_MAX];
    /* Iskra, summer time two hours east; Energomera, Moscow: the sign is UTC minus local */
    MW_CHECK_OK(mw_cosem_datetime_decode(mw_test_hex("07e704010615202300ff8880"), &d));
    mw_cosem_datetime_format(&d, text);
    MW_CHECK_STR(text, "2023-04-01 21:32:35 UTC+02:00 summer");
    MW_CHECK_OK(mw_cosem_datetime_utc(&d, 0, &t));
    mw_utc_format(t, utc);
    MW_CHECK_STR(utc, "2023-04-01T19:32:35Z");
    uint8_t b[12];
    mw_cosem_datetime back = mw_cosem_datetime_of_utc(t, -120, 0x80);
    mw_cosem_datetime_encode(&back, b);
    MW_CHECK_BYTES(mw_test_hex("07e704010615202300ff8880"), b, 12);
    MW_CHECK_OK(mw_cosem_datetime_decode(mw_test_hex("07e60b03ff0f2619ffff4cff"), &d));
    MW_CHECK_OK(mw_cosem_datetime_utc(&d, 0, &t));
    mw_utc_format(t, utc);
    MW_CHECK_STR(utc, "2022-11-03T12:38:25Z");
    /* no deviation: the caller's, or none */
    MW_CHECK_OK(mw_cosem_datetime_decode(mw_test_hex("07e30c1001073b28ff8000ff"), &d));
    MW_CHECK_STATUS(mw_cosem_datetime_utc(&d, MW_COSEM_NO_DEVIATION, &t), MW_UNSUPPORTED);
    MW_CHECK_OK(mw_cosem_datetime_utc(&d, -60, &t));
    mw_utc_format(t, utc);
    MW_CHECK_STR(utc, "2019-12-16T06:59:40Z");
    MW_CHECK_OK(mw_cosem_datetime_decode(mw_test_hex("fffffffeff02ffffff8000ff"), &d));
    mw_cosem_datetime_format(&d, text);
    MW_CHECK_STR(text, "****-**-** 02:**:**");
    MW_CHECK_STATUS(mw_cosem_datetime_utc(&d, 0, &t), MW_UNSUPPORTED);
    static const char *const bad[] = {"07e70d010615202300ff8880",  "07e704200615202300ff8880",
                                      "07e704010815202300ff8880",  "07e704010618202300ff8880",
                                      "07e7040106153c2300ff8880",  "07e704010615202364ff8880",
                                      "07e70401061520230003 8480", "07e704010615202300ff88"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        MW_CHECK_STATUS(mw_cosem_datetime_decode(mw_test_hex(bad[i]), &d), MW_RANGE);
    MW_CHECK_OK(mw_cosem_datetime_decode(mw_test_hex("07e7021e0015202300000000"), &d));
    MW_CHECK_STATUS(mw_cosem_datetime_utc(&d, 0, &t), MW_RANGE); /* 30 February */
}

MW_TEST(scaler_and_unit) {
    mw_quantity q;
    uint8_t text[32];
    MW_CHECK_OK(mw_cosem_quantity_of(2364, -1, 35, &q));
    MW_CHECK_EQ(q.unit, MW_UNIT_V);
    MW_CHECK_OK(mw_quantity_format(q, MW_SPAN_OF(text)));
    MW_CHECK_STR((char *)text, "236.4");
    MW_CHECK_OK(mw_cosem_quantity_of(5, 3, 30, &q));
    MW_CHECK_EQ(q.unit, MW_UNIT_WH);
    MW_CHECK_OK(mw_cosem_quantity_of(5, 0, 255, &q));
    MW_CHECK_EQ(q.unit, MW_UNIT_NONE);
    MW_CHECK_STATUS(mw_cosem_quantity_of(5, 10, 30, &q), MW_RANGE);
    MW_CHECK_STATUS(mw_cosem_quantity_of(5, 0, 0, &q), MW_NOT_FOUND);
}

/* What was encoded at random comes back as it was. */
MW_TEST(random_values_round_trip) {
    mw_prng g = mw_prng_of_seed(62056);
    for (int round = 0; round < 2000; round++) {
        uint8_t first[4096], second[4096];
        mw_cosem_out o = mw_cosem_out_of(MW_SPAN_OF(first), 0);
        size_t n = mw_prng_u64(&g) % 40;
        mw_cosem_put_array(&o, n);
        for (size_t i = 0; i < n; i++) {
            int64_t v = (int64_t)mw_prng_u64(&g);
            mw_cosem_put_structure(&o, 4);
            mw_cosem_put_int(&o, MW_COSEM_INT16, (int16_t)v);
            mw_cosem_put_int(&o, MW_COSEM_UINT32, (uint32_t)v);
            mw_cosem_put_int(&o, MW_COSEM_INT64, v);
            mw_cosem_put_octets(&o, (mw_slice){first, (size_t)(v & 31)});
        }
        MW_CHECK_OK(mw_cosem_out_end(&o));
        mw_slice made = mw_cosem_out_done(&o);
        mw_cosem_cursor c = mw_cosem_cursor_of(made, 0);
        mw_cosem_out again = mw_cosem_out_of(MW_SPAN_OF(second), 0);
        for (mw_cosem_value v; mw_cosem_cursor_next(&c, &v) == MW_OK;)
            mw_cosem_put_value(&again, &v);
        MW_CHECK_BYTES(made, second, again.at);
    }
}

MW_TEST_MAIN(MW_CASE(every_type_is_read), MW_CASE(compact_arrays_are_unpacked),
             MW_CASE(damage_is_refused_with_its_reason),
             MW_CASE(values_without_bytes_are_bounded_by_the_bytes),
             MW_CASE(bare_attribute_descriptors_need_the_option),
             MW_CASE(skip_leaves_out_what_is_inside),
             MW_CASE(encoder_writes_the_same_stream_through_any_window), MW_CASE(obis_text),
             MW_CASE(date_and_time), MW_CASE(scaler_and_unit), MW_CASE(random_values_round_trip))
