/* SPDX-License-Identifier: Apache-2.0
 *
 * The meter's end of an HDLC link: one link for each client, so that several are associated at once
 * (IEC 62056-46, secondary station in normal response mode). Pure: frames and time in, frames and
 * events out.
 *
 *   pull a frame from the deframer
 *   mw_hdlc_server_take(&s, &frame, now, &event)     event APDU: execute event.apdu, then
 *                                                    mw_hdlc_server_answer(&s, event.link, apdu)
 *   while (mw_hdlc_server_next(&s, out, &n) == MW_OK) write out
 *
 * A request that arrives twice because its answer was lost is answered again from memory and not
 * executed again. Answers bear the length of address of the question. Broadcasts are taken and
 * never answered.
 */
#ifndef MW_PROTOCOLS_HDLC_SERVER_H
#define MW_PROTOCOLS_HDLC_SERVER_H

#include "protocols/hdlc/link.h"

typedef enum mw_hdlc_server_state {
    MW_HDLC_SERVER_DOWN,   /* normal disconnected mode */
    MW_HDLC_SERVER_UP,     /* normal response mode */
    MW_HDLC_SERVER_REJECT, /* FRMR was sent: only SNRM and DISC get out of it */
    MW_HDLC_SERVER_STATES
} mw_hdlc_server_state;

/* One client's link with one logical device. */
typedef struct mw_hdlc_server_link {
    mw_hdlc_server_state state;
    mw_hdlc_address client;
    mw_hdlc_address server; /* as the client writes it */
    mw_hdlc_flow flow;
    mw_mono last;         /* when its last frame came */
    bool busy;            /* an APDU was handed out and is not answered yet */
    uint8_t rejection[3]; /* information of the FRMR */
} mw_hdlc_server_link;

typedef struct mw_hdlc_server_config {
    mw_hdlc_params params;   /* what this end can do */
    uint16_t physical;       /* lower address; frames with 1-byte addresses have none and match */
    const uint16_t *logical; /* upper addresses that exist here */
    size_t logical_count;
    mw_dur inactivity; /* a link without frames for so long is down; 0 = never */
} mw_hdlc_server_config;

typedef struct mw_hdlc_server {
    const mw_hdlc_server_config *config; /* must stay */
    mw_hdlc_server_link *links;          /* the caller's */
    size_t link_count;
    /* The reply under way: one at a time, the line is half duplex. */
    mw_hdlc_server_link *replying; /* NULL for a DM to a client that has no link */
    mw_hdlc_address reply_to, reply_from;
    uint8_t reply; /* mw_hdlc_kind + 1, 0 = none */
    bool turn;     /* the last frame had its poll bit set: we may send */
} mw_hdlc_server;

typedef enum mw_hdlc_event_kind {
    MW_HDLC_NO_EVENT,
    MW_HDLC_CONNECTED, /* the link is up, also when it was up before: associations on it are gone */
    MW_HDLC_APDU,      /* a whole APDU has come */
    MW_HDLC_UNIT,      /* an APDU in UI frames has come: not to be answered on this link */
    MW_HDLC_CLOSED,    /* the link is down */
    MW_HDLC_REJECTED,  /* client: the peer sent FRMR or refused with DM */
    MW_HDLC_SILENT,    /* client: no answer after all tries */
} mw_hdlc_event_kind;

typedef struct mw_hdlc_event {
    mw_hdlc_event_kind kind;
    mw_hdlc_server_link *link; /* server: whose; NULL for UNIT */
    mw_hdlc_address client;    /* server: who sent it */
    mw_slice apdu;             /* without LLC; valid until the next frame of this link */
} mw_hdlc_event;

/* links: zeroed here; each needs memory for the longest request (3 bytes of LLC included), which
 * the caller gives as memory_each bytes for each link out of `memory` (asserted). */
void mw_hdlc_server_init(mw_hdlc_server *s, const mw_hdlc_server_config *config,
                         mw_hdlc_server_link *links, size_t link_count, mw_span memory);
/* Takes a frame for any address. *out_event is always written; NO_EVENT when there is nothing to
 * do but to send. MW_NOT_FOUND: not for this server, nothing happens. A UI frame whose APDU is in
 * one piece is an event too; its apdu is then a view of the frame. */
MW_NODISCARD mw_status mw_hdlc_server_take(mw_hdlc_server *s, const mw_hdlc_frame *frame,
                                           mw_mono now, mw_hdlc_event *out_event);
/* Gives the answer to the APDU handed out; the bytes must stay until the next event of this link.
 * MW_STATE when none was handed out. */
MW_NODISCARD mw_status mw_hdlc_server_answer(mw_hdlc_server *s, mw_hdlc_server_link *link,
                                             mw_slice apdu);
/* The next frame to write, with flags. MW_NOT_FOUND when there is none; MW_SPACE when out has fewer
 * than the negotiated information + MW_HDLC_OVERHEAD_MAX bytes. */
MW_NODISCARD mw_status mw_hdlc_server_next(mw_hdlc_server *s, mw_span out, size_t *out_size);
/* Takes down one link that has been silent too long and tells it; MW_NOT_FOUND when there is none.
 */
MW_NODISCARD mw_status mw_hdlc_server_tick(mw_hdlc_server *s, mw_mono now,
                                           mw_hdlc_event *out_event);

#endif
