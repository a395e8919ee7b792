/* SPDX-License-Identifier: Apache-2.0
 *
 * HDLC frames of format type 3 as DLMS/COSEM uses them, bytes to fields and back, pure.
 *
 *   | 7E | A S L L | dst 1,2,4 | src 1,2,4 | control | HCS 2 | information 0..n | FCS 2 | 7E |
 *          '----------------------- length L counts these bytes ----------------'
 *
 *   A     format type 1010 in the high nibble      S   segmentation bit (0x08): more follows
 *   L     11 bits, most significant first, both flags excluded, at most 2047
 *   dst   upper (logical) and lower (physical) part; bit 0 of the last byte is 1, of others 0
 *   HCS   CRC-16/X-25 over format to control; absent when there is no information
 *   FCS   the same over everything before it
 *
 * A frame ends where its length says: 7E may occur inside, nothing is stuffed. Source: ISO/IEC
 * 13239, IEC 62056-46 clauses 6.4.2 to 6.4.4.
 */
#ifndef MW_PROTOCOLS_HDLC_FRAME_H
#define MW_PROTOCOLS_HDLC_FRAME_H

#include "base/bytes.h"

#define MW_HDLC_FLAG 0x7Eu
/* The longest frame without and with its flags. */
#define MW_HDLC_LENGTH_MAX 2047
#define MW_HDLC_FRAME_MAX  (MW_HDLC_LENGTH_MAX + 2)
/* Format, two 1-byte addresses, control and FCS. */
#define MW_HDLC_LENGTH_MIN 7
/* Flags, format, two 4-byte addresses, control, HCS and FCS: what a frame adds to information. */
#define MW_HDLC_OVERHEAD_MAX 17
/* The longest information field whatever the addresses are. */
#define MW_HDLC_INFO_MAX (MW_HDLC_FRAME_MAX - MW_HDLC_OVERHEAD_MAX)

/* Reserved values of either part of an address (IEC 62056-46, 6.4.2.3): those of 1 byte. In two
 * bytes the reserved are the same with 14 bits: 0x3FFF and 0x3FFE. */
#define MW_HDLC_NO_STATION 0x00u
#define MW_HDLC_CALLING    0x7Eu
#define MW_HDLC_BROADCAST  0x7Fu

typedef struct mw_hdlc_address {
    uint16_t upper; /* logical device, or the client's identity; 7 bits, 14 when bytes = 4 */
    uint16_t lower; /* physical device, 0 when bytes = 1; 7 bits, 14 when bytes = 4 */
    uint8_t bytes;  /* 1, 2 or 4: an answer uses the length of the question */
} mw_hdlc_address;

/* The reserved values in the two lengths are told as one: broadcast in either part. */
bool mw_hdlc_address_is_broadcast(const mw_hdlc_address *a);
bool mw_hdlc_address_equal(const mw_hdlc_address *a, const mw_hdlc_address *b);

/* X(name, control without its variable bits, text) */
#define MW_HDLC_KIND_LIST(X)                                                                       \
    X(I, 0x00, "I")                                                                                \
    X(RR, 0x01, "RR")                                                                              \
    X(RNR, 0x05, "RNR")                                                                            \
    X(SNRM, 0x83, "SNRM")                                                                          \
    X(DISC, 0x43, "DISC")                                                                          \
    X(UA, 0x63, "UA")                                                                              \
    X(DM, 0x0F, "DM")                                                                              \
    X(FRMR, 0x87, "FRMR")                                                                          \
    X(UI, 0x03, "UI")                                                                              \
    X(UNKNOWN, 0xFF, "unknown")

typedef enum mw_hdlc_kind {
#define X(name, control, text) MW_HDLC_##name,
    MW_HDLC_KIND_LIST(X)
#undef X
        MW_HDLC_KIND_COUNT
} mw_hdlc_kind;

const char *mw_hdlc_kind_text(mw_hdlc_kind k);

typedef struct mw_hdlc_frame {
    mw_hdlc_address destination, source;
    mw_hdlc_kind kind;
    uint8_t control;      /* as received; set by decode, not used by encode */
    uint8_t send_seq;     /* N(S), 0..7: I */
    uint8_t receive_seq;  /* N(R), 0..7: I, RR, RNR */
    bool poll_final;      /* P of a command, F of a response */
    bool segmented;       /* more segments of the same APDU follow */
    mw_slice information; /* empty, or a view into the decoded bytes */
} mw_hdlc_frame;

/* Writes the frame with both flags. MW_RANGE for an address, sequence number or kind (UNKNOWN)
 * that has no encoding or a frame above 2047 bytes, MW_SPACE. */
MW_NODISCARD mw_status mw_hdlc_frame_encode(const mw_hdlc_frame *f, mw_span out, size_t *out_size);

/* Reads what stands between two flags. MW_SHORT, MW_SYNTAX for another format type, a length that
 * is not that of `bytes` or an address of 3 or more than 4 bytes, MW_CHECKSUM for HCS or FCS. An
 * unknown control field is no error: kind is MW_HDLC_UNKNOWN, and the link answers FRMR. */
MW_NODISCARD mw_status mw_hdlc_frame_decode(mw_slice bytes, mw_hdlc_frame *out_frame);

/* Looks at the first bytes of a frame (from the format on) before the rest has come. MW_OK when the
 * header is good, MW_AGAIN when it is not complete, else as decode: a damaged length is noticed
 * here and not 2047 bytes later. *out_length is set as soon as two bytes are there and
 * plausible, 0 before. */
MW_NODISCARD mw_status mw_hdlc_header_check(mw_slice bytes, size_t *out_length);

#endif
