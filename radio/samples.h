/* SPDX-License-Identifier: Apache-2.0
 *
 * Blocks of complex samples: how radio signals travel between processes and come from files.
 *
 * A block on the wire, little-endian, header of 64 bytes:
 *
 *    0 magic "MWIQ"     4 version 1   5 format   6 flags u16
 *    8 first_index u64  number of the first sample since the stream began
 *   16 utc_us i64       moment of that first sample, INT64_MIN = unknown
 *   24 rate_mhz u64     sample rate in millihertz
 *   32 centre_mhz i64   radio frequency of 0 Hz in the samples, millihertz
 *   40 count u64        samples covered by the block
 *   48 utc_uncertainty_us u32
 *   52 payload_bytes u32
 *   56 reserved u32, 0
 *   60 crc32 of bytes 0..59
 *   64 samples: payload_bytes = count * bytes of the format; nothing for a gap
 *
 * A gap (format 0) says that nothing was sent or recorded for count samples: silence of any length
 * costs 64 bytes. A receiver acknowledges with 16 bytes, see mw_samples_ack.
 *
 * Nothing here does input or output: bytes go in, blocks come out.
 */
#ifndef MW_RADIO_SAMPLES_H
#define MW_RADIO_SAMPLES_H

#include "base/bytes.h"
#include "base/time.h"
#include "base/units.h"

#define MW_SAMPLES_HEADER_BYTES  64
#define MW_SAMPLES_ACK_BYTES     16
#define MW_SAMPLES_COUNT_MAX     65536u /* samples in one block that is not a gap */
#define MW_SAMPLES_BLOCK_MAX     (MW_SAMPLES_HEADER_BYTES + MW_SAMPLES_COUNT_MAX * 8u)
#define MW_SAMPLES_RATE_MHZ_MAX  UINT64_C(100000000000) /* 100 MS/s */
#define MW_SAMPLES_GAP_MAX       (UINT64_C(1) << 50)    /* 130 years at 250 kS/s */
#define MW_SAMPLES_FLAG_OVERLOAD 0x0001u /* the front end clipped within this block */
#define MW_SAMPLES_FLAG_LOST     0x0002u /* samples were lost just before this block */
#define MW_SAMPLES_FLAG_LAST     0x0004u /* the sender has nothing after this block */
/* Of a gap: the receiver was deaf, because its own station was sending. Frames under way go on, and
 * their symbols in this stretch are erasures, however long it is. */
#define MW_SAMPLES_FLAG_ERASED 0x0008u

typedef enum mw_samples_format {
    MW_SAMPLES_GAP = 0,
    MW_SAMPLES_CF32 = 1, /* float, full scale 1.0       */
    MW_SAMPLES_CS16 = 2, /* int16, full scale 32768     */
    MW_SAMPLES_CU8 = 3,  /* uint8, zero at 127.5        */
    MW_SAMPLES_CS8 = 4,  /* int8, full scale 128        */
} mw_samples_format;

typedef struct mw_samples_header {
    mw_samples_format format;
    uint16_t flags; /* MW_SAMPLES_FLAG_* */
    uint64_t first_index;
    mw_utc utc; /* of the first sample, or MW_UTC_NONE */
    uint32_t utc_uncertainty_us;
    uint64_t rate_mhz;
    mw_freq centre;
    uint64_t count;
} mw_samples_header;

/* A block borrows its payload: (I, Q) pairs in the header's format, empty for a gap. */
typedef struct mw_samples_block {
    mw_samples_header h;
    mw_slice payload;
} mw_samples_block;

/* Bytes of one complex sample; 0 for a gap. */
size_t mw_samples_format_bytes(mw_samples_format f);
/* Of "cf32", "cs16", "cu8" or "cs8". MW_NOT_FOUND for other words; "gap" is not a file format and
 * is not found. */
MW_NODISCARD mw_status mw_samples_format_of_name(const char *name, mw_samples_format *out_f);

/* Writes the 64 bytes; the payload follows by the caller. MW_RANGE for a header that
 * mw_samples_header_decode would refuse. */
MW_NODISCARD mw_status mw_samples_header_encode(const mw_samples_header *h,
                                                uint8_t out[MW_SAMPLES_HEADER_BYTES]);
/* MW_SHORT, MW_SYNTAX (magic, reserved or payload length), MW_UNSUPPORTED (version or format),
 * MW_CHECKSUM, MW_RANGE (rate 0 or too large, count 0 or too large, index overflow). */
MW_NODISCARD mw_status mw_samples_header_decode(mw_slice in, mw_samples_header *out_h);

/* "Every frame that began before index is decoded and durable": bytes "MWAK", version 1,
 * 3 x 0, index u64. */
void mw_samples_ack_encode(uint64_t index, uint8_t out[MW_SAMPLES_ACK_BYTES]);
MW_NODISCARD mw_status mw_samples_ack_decode(mw_slice in, uint64_t *out_index);

/* A station that transmits sends its bursts the other way as blocks (any rate that divides the
 * receiver's; sample 0 is the same moment), and with them: "no transmission that was not sent yet
 * begins before this sample of the receiver's stream": bytes "MWTX", version 1, 3 x 0, index u64.
 * UINT64_MAX: there is no transmitter. */
#define MW_SAMPLES_WATERMARK_BYTES 16
void mw_samples_watermark_encode(uint64_t index, uint8_t out[MW_SAMPLES_WATERMARK_BYTES]);
MW_NODISCARD mw_status mw_samples_watermark_decode(mw_slice in, uint64_t *out_index);

/* What was wrong with samples while they were converted; counts add up over calls. */
typedef struct mw_samples_faults {
    uint64_t not_finite; /* NaN or infinite parts, replaced by 0     */
    uint64_t clipped;    /* parts at or beyond full scale            */
} mw_samples_faults;

/* Converts n samples from sample `from` of the block to floats (I, Q, I, Q ...), full scale 1.0.
 * A gap gives zeros. Asserts that the range lies in the block. faults may be NULL. */
void mw_samples_to_float(const mw_samples_block *b, uint64_t from, size_t n, float *out_iq,
                         mw_samples_faults *faults);
/* Converts n samples to bytes of a format other than gap, with rounding and clipping; out.n must be
 * at least n * mw_samples_format_bytes(f). Returns the number of clipped parts. */
size_t mw_samples_from_float(const float *iq, size_t n, mw_samples_format f, mw_span out);

/* Cuts a byte stream into blocks. The same type reads block streams ("MWIQ") and plain files or
 * pipes of samples; the caller owns the buffer and does the reading:
 *
 *   mw_span room = mw_samples_reader_room(&r);
 *   n = read(fd, room.p, room.n);  mw_samples_reader_commit(&r, n);
 *   while (mw_samples_reader_pull(&r, &block) == MW_OK) ...
 */
typedef struct mw_samples_reader {
    mw_span buffer;
    size_t from, to;         /* bytes not yet delivered: buffer[from, to) */
    size_t delivered;        /* bytes of the block delivered last, released by the next call */
    mw_status status;        /* sticky: why the stream is unusable */
    bool plain;              /* no headers: the next two say what the samples are */
    bool started;            /* a block was delivered: expected_index is valid */
    mw_samples_header next;  /* plain: header of the next block, without its count */
    mw_utc origin;           /* plain: UTC of sample 0 */
    uint64_t expected_index; /* first_index that would follow without a jump */
    uint64_t jumps;          /* blocks whose first_index was not the expected one */
} mw_samples_reader;

/* Block stream. buffer.n >= MW_SAMPLES_BLOCK_MAX. */
void mw_samples_reader_init(mw_samples_reader *r, mw_span buffer);
/* Plain samples; `like` gives format (not gap), rate, centre, UTC of the first sample and its
 * uncertainty. buffer.n >= 8. MW_RANGE for a bad rate or format. */
MW_NODISCARD mw_status mw_samples_reader_init_plain(mw_samples_reader *r, mw_span buffer,
                                                    const mw_samples_header *like);
/* Where the next bytes go; never empty after every whole block was pulled. */
mw_span mw_samples_reader_room(mw_samples_reader *r);
void mw_samples_reader_commit(mw_samples_reader *r, size_t n);
/* MW_OK and a block that borrows the buffer until the next call on r; MW_AGAIN when more bytes are
 * needed; else why the stream is unusable (sticky): no resynchronisation is tried, because a stream
 * that lost its place may lie about time. */
MW_NODISCARD mw_status mw_samples_reader_pull(mw_samples_reader *r, mw_samples_block *out_block);
/* At the end of input: MW_OK when nothing is left over, MW_SHORT when a block was cut off. */
MW_NODISCARD mw_status mw_samples_reader_end(const mw_samples_reader *r);

#endif
