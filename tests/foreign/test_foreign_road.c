/* SPDX-License-Identifier: Apache-2.0
 *
 * The road of another network's message over the modules' edges: published Sigfox frames as a
 * modulated burst -> the station's receiver -> its spool's record -> an item of the envelope -> what
 * the platform reads.
 */
#include <math.h>

#include "platform/journal/envelope.h"
#include "radio/test/foreign_air.h"
#include "station/record.h"
#include "tests/harness/mw_test.h"

/* The three copies of one message. */
static const char *const copies[3] = {
    "aaaaa35f01a0db334d00abad1deadc32758a",
    "aaaaa5980118806638c0d490d4650527d22d",
    "aaaaa5a301c8edff9e4081465a906b3ee8e8",
};
#define CONTENT "01a0db334d00abad1deadc32758a"

static mw_slice bytes_of(const char *hex, mw_span memory) {
    mw_slice text = mw_slice_of_str(hex);
    MW_CHECK_OK(mw_hex_decode(text, (mw_span){memory.p, text.n / 2}));
    return (mw_slice){memory.p, text.n / 2};
}

static mw_receiver_frame hear(void) {
    air *a = air_new(25000, 10000, 5);
    air_listen(a, MW_RADIO_SIGFOX, 100);
    for (unsigned c = 0; c < 3; c++) {
        uint8_t memory[32];
        air_sending s = {
            .at_s = 0.3 + 2.0 * c, .baud = 100, .hz = -9000 + 8500.0 * c, .es_n0_db = 14};
        air_send(a, bytes_of(copies[c], MW_SPAN_OF(memory)), &s);
    }
    air_play(a, 6.5);
    MW_CHECK_EQ(a->heard_count, 1);
    mw_receiver_frame f = a->heard[0];
    air_free(a);
    return f;
}

MW_TEST(a_sigfox_burst_becomes_an_item_that_the_platform_reads) {
    mw_receiver_frame f = hear(), kept;
    uint8_t record[MW_STATION_RECORD_MAX], content[32];
    size_t n = mw_station_record_encode(&f, (mw_utc){1790000000000000}, record);
    MW_CHECK_OK(mw_station_record_decode((mw_slice){record, n}, &kept));
    mw_buffer text;
    mw_buffer_init(&text, MW_ENVELOPE_ITEM_MAX);
    mw_json j = mw_json_of(&text);
    mw_json_object_begin(&j);
    mw_json_put_uint(&j, "seq", 17);
    mw_station_record_json(&kept, &j);
    mw_json_object_end(&j);
    MW_CHECK_OK(mw_json_done(&j));
    mw_envelope_item item;
    MW_CHECK_OK(mw_envelope_item_parse(mw_buffer_view(&text), &item));
    MW_CHECK_EQ(item.seq, 17);
    MW_CHECK_EQ(item.kind, MW_STORE_KIND_SIGFOX);
    MW_CHECK_EQ(item.identity, 0x004d33db);
    MW_CHECK_EQ(item.counter, 0x1a0);
    MW_CHECK_EQ(item.copies, 3);
    MW_CHECK_STR(item.rate, "100");
    MW_CHECK_EQ(item.received.us, f.start.us);
    MW_CHECK_EQ(item.frequency_mhz, f.frequency.mhz);
    MW_CHECK_EQ(item.level_cdbm, f.level.cdbm);
    MW_CHECK_EQ(item.snr_cdb, f.snr.cdb);
    mw_slice expected = bytes_of(CONTENT, MW_SPAN_OF(content));
    MW_CHECK(mw_slice_equal((mw_slice){item.payload, item.payload_n}, expected));
    mw_buffer_fini(&text);
}

MW_TEST_MAIN(MW_CASE(a_sigfox_burst_becomes_an_item_that_the_platform_reads))
