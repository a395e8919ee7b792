/* SPDX-License-Identifier: Apache-2.0
 *
 * A received frame as the spool keeps it and as the platform gets it.
 *
 * Record in the spool, little endian:
 *   0 version u8 = 1 | 1 kind u8 = 1 (unb) | 2 rate u8 | 3 size u8 | 4 received_at us i64 |
 *   12 frequency mHz i64 | 20 level cdBm i32 | 24 SNR cdB i32 | 28 drift mHz/s i32 |
 *   32 uncertainty us u32 | 36 symbols u16 | 38 symbol errors u16 | 40 quality u8 |
 *   41 payload length u8 | 42 payload
 *
 * A frame of another network has kind 2 (sigfox), 3 (nbfi) or 4 (openunb), rate and size 0, and
 * behind the payload: baud u16 | identity u32 | identity bytes u8 | counter i32 (-1 = none) |
 * copies u8.
 */
#ifndef MW_STATION_RECORD_H
#define MW_STATION_RECORD_H

#include "radio/receiver.h"
#include "runtime/json_writer.h"

#define MW_STATION_RECORD_MAX (42 + MW_RECEIVER_PAYLOAD_MAX + 12)

/* Returns the bytes written to out. A frame without time gets `now`. */
size_t mw_station_record_encode(const mw_receiver_frame *f, mw_utc now,
                                uint8_t out[MW_STATION_RECORD_MAX]);
/* MW_SHORT, MW_SYNTAX, MW_UNSUPPORTED (version or kind), MW_RANGE. */
MW_NODISCARD mw_status mw_station_record_decode(mw_slice in, mw_receiver_frame *out_f);
/* The bytes that say which frame was sent: two records with the same ones are receptions of the
 * same frame. Empty for a record that is not a frame. */
mw_slice mw_station_record_identity(mw_slice record);
/* A foreign sender's identity in hex; returns its length, 6 or 8. */
size_t mw_station_record_sender(const mw_receiver_frame *f, char out[9]);
/* The members of an item of the uplink envelope, without the braces and "seq". */
void mw_station_record_json(const mw_receiver_frame *f, mw_json *j);

#endif
