/* SPDX-License-Identifier: Apache-2.0
 *
 * Which other networks to listen for, and their frames in the spool and in an envelope.
 */
#include "station/networks.h"

#include <string.h>

#include "station/record.h"
#include "tests/harness/mw_test.h"

MW_TEST(list_of_networks) {
    mw_radio_network n[MW_RADIO_NETWORKS_MAX];
    size_t count = 9;
    MW_CHECK_OK(mw_station_networks_parse("", n, &count));
    MW_CHECK_EQ(count, 0);
    MW_CHECK_OK(
        mw_station_networks_parse(" sigfox:100@868.034-868.226, nbfi:3200 openunb:100", n, &count));
    MW_CHECK_EQ(count, 3);
    MW_CHECK_EQ(n[0].kind, MW_RADIO_SIGFOX);
    MW_CHECK_EQ(n[0].baud, 100);
    MW_CHECK_EQ(n[0].low.mhz, INT64_C(868034000000));
    MW_CHECK_EQ(n[0].high.mhz, INT64_C(868226000000));
    MW_CHECK_EQ(n[1].baud, 3200);
    MW_CHECK_EQ(n[1].low.mhz, 0);
    static const char *const bad[] = {"unb:50",
                                      "sigfox",
                                      "sigfox:100@",
                                      "sigfox:100@868",
                                      "sigfox:100@868-868.5x",
                                      "sigfox:100@868.0000001-869",
                                      "wifi:100",
                                      "sigfox:100 x"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        MW_CHECK_EQ(mw_station_networks_parse(bad[i], n, &count), MW_SYNTAX);
    MW_CHECK_EQ(mw_station_networks_parse("sigfox:", n, &count), MW_RANGE);
    MW_CHECK_EQ(mw_station_networks_parse("sigfox:50", n, &count), MW_RANGE);
    MW_CHECK_EQ(mw_station_networks_parse("nbfi:50@869-868", n, &count), MW_RANGE);
    char many[512] = "";
    for (unsigned i = 0; i < MW_RADIO_NETWORKS_MAX + 1; i++)
        strcat(many, "nbfi:50 ");
    MW_CHECK_EQ(mw_station_networks_parse(many, n, &count), MW_LIMIT);
}

MW_TEST(record_of_a_foreign_frame) {
    mw_receiver_frame f = {.payload_bytes = 14,
                           .payload = {0x01, 0xa0, 0xdb, 0x33},
                           .start = {1790000000000000},
                           .frequency = {INT64_C(868130000000)},
                           .level = {-12000},
                           .snr = {900},
                           .kind = MW_RADIO_SIGFOX,
                           .identity_bytes = 4,
                           .copies = 3,
                           .baud = 100,
                           .identity = 0x004d33db,
                           .counter = 0x1a0};
    uint8_t bytes[MW_STATION_RECORD_MAX];
    mw_receiver_frame back;
    size_t n = mw_station_record_encode(&f, MW_UTC_NONE, bytes);
    MW_CHECK_EQ(bytes[1], 2);
    MW_CHECK_OK(mw_station_record_decode((mw_slice){bytes, n}, &back));
    MW_CHECK_EQ(back.kind, MW_RADIO_SIGFOX);
    MW_CHECK_EQ(back.identity, 0x004d33db);
    MW_CHECK_EQ(back.counter, 0x1a0);
    MW_CHECK_EQ(back.copies, 3);
    MW_CHECK_EQ(back.baud, 100);
    assert_memory_equal(back.payload, f.payload, 14);
    /* heard again with another reception: the same frame */
    MW_CHECK_EQ(mw_station_record_identity((mw_slice){bytes, n}).n, 15);
    for (size_t cut = 0; cut < n; cut++)
        MW_CHECK(mw_station_record_decode((mw_slice){bytes, cut}, &back) != MW_OK);
    bytes[n - 12] = 50; /* a rate that Sigfox does not have */
    MW_CHECK_EQ(mw_station_record_decode((mw_slice){bytes, n}, &back), MW_RANGE);

    mw_buffer text;
    mw_buffer_init(&text, 4096);
    mw_json j = mw_json_of(&text);
    mw_json_object_begin(&j);
    mw_station_record_json(&f, &j);
    mw_json_object_end(&j);
    MW_CHECK_OK(mw_json_done(&j));
    MW_CHECK(strstr(mw_buffer_text(&text), "\"kind\":\"sigfox\"") != NULL);
    MW_CHECK(strstr(mw_buffer_text(&text), "\"identity\":\"004d33db\"") != NULL);
    MW_CHECK(strstr(mw_buffer_text(&text), "\"counter\":416,\"copies\":3,\"rate\":\"100\"") !=
             NULL);
    mw_buffer_fini(&text);
}

MW_TEST_MAIN(MW_CASE(list_of_networks), MW_CASE(record_of_a_foreign_frame))
