/* SPDX-License-Identifier: Apache-2.0
 *
 * The reader's end of an HDLC link (primary station): connects, sends one APDU at a time, repeats
 * what gets lost, disconnects. Pure: frames and time in, frames and events out.
 *
 *   mw_hdlc_client_connect(&c, now)
 *   loop: while (mw_hdlc_client_next(&c, now, out, &n) == MW_OK) write out
 *         frame from the line: mw_hdlc_client_take(&c, &frame, now, &event)
 *         nothing from the line: mw_hdlc_client_tick(&c, now, &event)
 *         event CONNECTED or APDU: mw_hdlc_client_send(&c, apdu, now)
 */
#ifndef MW_PROTOCOLS_HDLC_CLIENT_H
#define MW_PROTOCOLS_HDLC_CLIENT_H

#include "protocols/hdlc/server.h"

typedef struct mw_hdlc_client_config {
    mw_hdlc_params params; /* what this end can do */
    mw_hdlc_address client, server;
    mw_dur answer_time; /* how long to wait for an answer; 1500 ms suits all meters known */
    uint8_t tries;      /* how often a frame is sent in all, >= 1 */
} mw_hdlc_client_config;

typedef enum mw_hdlc_client_state {
    MW_HDLC_CLIENT_DOWN,
    MW_HDLC_CLIENT_CONNECTING,    /* SNRM is out */
    MW_HDLC_CLIENT_IDLE,          /* connected, nothing asked */
    MW_HDLC_CLIENT_ASKING,        /* a request is under way or its answer awaited */
    MW_HDLC_CLIENT_DISCONNECTING, /* DISC is out */
    MW_HDLC_CLIENT_STATES
} mw_hdlc_client_state;

typedef struct mw_hdlc_client {
    const mw_hdlc_client_config *config; /* must stay */
    mw_hdlc_client_state state;
    mw_hdlc_flow flow;
    mw_hdlc_flow pushed; /* APDUs in UI frames */
    uint8_t due;         /* mw_hdlc_kind + 1 of what to send, 0 = none */
    bool waiting;        /* an answer is awaited until `deadline` */
    bool paused;         /* the server said RNR: ask again at `deadline`, which is no failure */
    mw_mono deadline;
    uint8_t tries_left;
    uint32_t repeats; /* frames sent again, for diagnosis */
} mw_hdlc_client;

/* memory takes the longest answer and 3 bytes; pushed the longest push and 3 bytes, and may be
 * empty. */
void mw_hdlc_client_init(mw_hdlc_client *c, const mw_hdlc_client_config *config, mw_span memory,
                         mw_span pushed);
/* Begins to connect, in any state. */
void mw_hdlc_client_connect(mw_hdlc_client *c);
/* Sends a request; the bytes must stay until the answer. MW_STATE unless idle. */
MW_NODISCARD mw_status mw_hdlc_client_send(mw_hdlc_client *c, mw_slice apdu);
/* Begins to disconnect. MW_STATE when the link is down. */
MW_NODISCARD mw_status mw_hdlc_client_disconnect(mw_hdlc_client *c);
/* Takes a frame. MW_NOT_FOUND: it is not for this client or not from its server (such as the echo
 * of our own frames), nothing happens. *out_event is always written. */
MW_NODISCARD mw_status mw_hdlc_client_take(mw_hdlc_client *c, const mw_hdlc_frame *frame,
                                           mw_hdlc_event *out_event);
/* The next frame to write, with flags; the wait for its answer begins at now. MW_NOT_FOUND,
 * MW_SPACE. */
MW_NODISCARD mw_status mw_hdlc_client_next(mw_hdlc_client *c, mw_mono now, mw_span out,
                                           size_t *out_size);
/* Time has passed: repeats the last frames when the answer is overdue (then next has frames), or
 * gives up with the event SILENT. *out_event is always written. */
void mw_hdlc_client_tick(mw_hdlc_client *c, mw_mono now, mw_hdlc_event *out_event);

#endif
