/* SPDX-License-Identifier: Apache-2.0
 *
 * What both ends of an HDLC link share: parameter negotiation (IEC 62056-46, 6.4.4.4.3.2) and the
 * sliding window in both directions (ISO/IEC 13239, normal response mode, modulo 8).
 */
#ifndef MW_PROTOCOLS_HDLC_LINK_H
#define MW_PROTOCOLS_HDLC_LINK_H

#include "base/time.h"
#include "protocols/hdlc/frame.h"

/* Values of a link on which nothing was negotiated. */
#define MW_HDLC_INFO_DEFAULT   128
#define MW_HDLC_WINDOW_DEFAULT 1
#define MW_HDLC_WINDOW_MAX     7
/* SNRM and UA information with all four parameters. */
#define MW_HDLC_PARAMS_MAX 23

/* Seen from the one who states them. */
typedef struct mw_hdlc_params {
    uint16_t info_transmit; /* bytes of information in one frame, 32..2030 */
    uint16_t info_receive;
    uint8_t window_transmit; /* frames before an acknowledgement is awaited, 1..7 */
    uint8_t window_receive;
} mw_hdlc_params;

#define MW_HDLC_PARAMS_DEFAULT                                                                     \
    ((mw_hdlc_params){MW_HDLC_INFO_DEFAULT, MW_HDLC_INFO_DEFAULT, MW_HDLC_WINDOW_DEFAULT,          \
                      MW_HDLC_WINDOW_DEFAULT})

/* The information field of a SNRM or UA. Values are clamped to the ranges above. MW_SPACE. */
MW_NODISCARD mw_status mw_hdlc_params_encode(const mw_hdlc_params *p, mw_span out,
                                             size_t *out_size);
/* Reads one; absent parameters (and an empty field) have the default. Accepts values of any length
 * up to 4 bytes, as meters send them. User parameters of other groups are skipped. MW_SHORT,
 * MW_SYNTAX, MW_RANGE for a window of 0 or above 7 or an information length of 0. */
MW_NODISCARD mw_status mw_hdlc_params_decode(mw_slice info, mw_hdlc_params *out_params);
/* What holds when `own` is possible here and `peer` was stated by the other side. */
mw_hdlc_params mw_hdlc_params_agree(const mw_hdlc_params *own, const mw_hdlc_params *peer);

/* One direction of sending and one of receiving. An APDU travels behind a 3-byte LLC header
 * (E6 E6 00 to a server, E6 E7 00 to a client), cut into segments of info_transmit bytes. */
typedef struct mw_hdlc_flow {
    mw_hdlc_params params;
    bool from_server;    /* which LLC header goes out */
    uint8_t oldest;      /* N(S) of the oldest frame not acknowledged */
    uint8_t next;        /* N(S) of the next frame to send, or to send again */
    uint8_t fresh;       /* N(S) of the first frame never sent: N(R) may be as far as this */
    uint8_t expected;    /* N(S) awaited from the other side */
    mw_slice sending;    /* the APDU; the caller's, until all of it is acknowledged */
    size_t acknowledged; /* bytes of LLC header and APDU the other side has */
    bool has_sending;
    mw_span memory; /* the caller's: the APDU being received, with its LLC header */
    size_t received;
    bool complete; /* memory holds a whole APDU: the next frame begins a new one */
} mw_hdlc_flow;

typedef enum mw_hdlc_received {
    MW_HDLC_PART,     /* taken; more segments follow */
    MW_HDLC_WHOLE,    /* taken; the APDU is complete */
    MW_HDLC_REPEATED, /* had it before: not taken again */
    MW_HDLC_GAP,      /* one before it is missing: not taken */
    MW_HDLC_TOO_LONG, /* does not fit the memory */
    MW_HDLC_BAD_LLC,  /* the APDU does not begin with an LLC header */
} mw_hdlc_received;

/* Begins a link: sequence numbers 0, nothing under way. */
void mw_hdlc_flow_reset(mw_hdlc_flow *f, mw_hdlc_params params);
/* Takes an I frame's N(S), segmentation bit and information. UI frames have no number: a push in
 * several is put together in the order it comes, in a flow of its own. */
mw_hdlc_received mw_hdlc_flow_receive(mw_hdlc_flow *f, const mw_hdlc_frame *frame);
/* The complete APDU without its LLC header; valid until the next frame is received. */
mw_slice mw_hdlc_flow_apdu(const mw_hdlc_flow *f);
/* Takes a peer's N(R) and goes back to it: whatever was sent from there on will be sent again.
 * false when no such frame was sent (the peer broke the protocol). */
bool mw_hdlc_flow_acknowledge(mw_hdlc_flow *f, uint8_t receive_seq);
/* Begins to send an APDU. The former one is forgotten. */
void mw_hdlc_flow_send(mw_hdlc_flow *f, mw_slice apdu);
/* Forgets the APDU being sent; frames not acknowledged never were: their numbers are used again. */
void mw_hdlc_flow_abandon(mw_hdlc_flow *f);
/* True when all of the APDU was sent (and, acknowledged, has no frames outstanding). */
bool mw_hdlc_flow_all_sent(const mw_hdlc_flow *f);
bool mw_hdlc_flow_all_acknowledged(const mw_hdlc_flow *f);
/* Fills an I frame (sequence numbers, segmentation, information; P/F when it ends the window or the
 * APDU) whose information is written to `room`, and advances. MW_NOT_FOUND when nothing may be
 * sent now. MW_SPACE when room is smaller than one segment. */
MW_NODISCARD mw_status mw_hdlc_flow_next(mw_hdlc_flow *f, mw_span room, mw_hdlc_frame *out_frame);

#endif
