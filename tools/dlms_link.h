/* SPDX-License-Identifier: Apache-2.0
 *
 * How mw-dlms reaches a meter: wrapper over TCP or UDP, HDLC over TCP, HDLC over a serial line with or without
 * the opening of IEC 62056-21 mode E. What came and what did not tells the faults apart.
 */
#ifndef MW_TOOLS_DLMS_LINK_H
#define MW_TOOLS_DLMS_LINK_H

#include "protocols/cosem/client.h"
#include "protocols/cosem/wrapper.h"
#include "protocols/hdlc/client.h"
#include "protocols/hdlc/deframer.h"

#define DLMS_APDU_MAX 65536

typedef struct dlms_address {
    const char *tcp, *udp, *hdlc, *serial; /* HOST:PORT, thrice, or a device: one of them */
    unsigned speed;                        /* serial */
    bool mode_e;
    unsigned client, logical, physical, address_bytes; /* bytes 0: 1 without physical, else 4 */
    unsigned timeout_ms, tries;
    bool verbose;
} dlms_address;

typedef struct dlms_link {
    dlms_address a;
    int fd;
    bool hdlc, up;
    bool answered; /* over UDP: somebody is there */
    mw_hdlc_client_config config;
    mw_hdlc_client client;
    mw_hdlc_deframer deframer;
    mw_cosem_stream stream;
    uint8_t answer[DLMS_APDU_MAX], pushed[DLMS_APDU_MAX], frames[2 * MW_HDLC_FRAME_MAX];
    uint8_t in[DLMS_APDU_MAX];
    /* Since the last request: */
    size_t bytes_in;
    unsigned echoes, strangers, answers;
} dlms_link;

/* Opens descriptor and, for HDLC, the link. On failure *out_fault says why. */
MW_NODISCARD mw_status dlms_link_open(dlms_link *l, const dlms_address *a,
                                      mw_cosem_fault *out_fault);
MW_NODISCARD mw_status dlms_link_exchange(void *link, mw_slice apdu, mw_span out, size_t *out_size,
                                          mw_cosem_fault *out_fault);
/* The next APDU of the wrapper without a request. MW_TIMEOUT. */
MW_NODISCARD mw_status dlms_link_receive(void *link, mw_span out, size_t *out_size,
                                         mw_cosem_fault *out_fault);
/* The next APDU that the meter pushes over HDLC, in UI frames; waits for it as long as it takes.
 * MW_CLOSED. */
MW_NODISCARD mw_status dlms_link_pushed(dlms_link *l, mw_slice *out_apdu);
/* Over the wrapper, not HDLC. */
bool dlms_wrapped(const dlms_address *a);
void dlms_link_close(dlms_link *l);
mw_mono dlms_now(void);

#endif
