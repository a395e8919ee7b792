/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MW_PROTOCOLS_COSEM_SERVER_INTERNAL_H
#define MW_PROTOCOLS_COSEM_SERVER_INTERNAL_H

#include "protocols/cosem/server.h"

/* The association object of the client that asks. */
#define MW_COSEM_CURRENT_ASSOCIATION MW_OBIS(0, 0, 40, 0, 0, 255)
#define MW_COSEM_ASSOCIATION_CLASS   15

void mw_cosem_happen(const mw_cosem_server *s, const mw_cosem_client *c, mw_cosem_happening what);
void mw_cosem_association_reset(mw_cosem_association *a);
/* AARQ and RLRQ. */
mw_status mw_cosem_server_associate(mw_cosem_server *s, mw_cosem_association *a, mw_slice apdu,
                                    mw_span out, size_t *out_size);
mw_status mw_cosem_server_release(mw_cosem_server *s, mw_cosem_association *a, mw_slice apdu,
                                  mw_span out, size_t *out_size);
/* A plain service APDU on an association that is open or half open. */
mw_status mw_cosem_server_serve(mw_cosem_server *s, mw_cosem_association *a, mw_slice apdu,
                                mw_span out, size_t *out_size);
/* A general block from the client: part of a request, or an acknowledgement. */
mw_status mw_cosem_server_general(mw_cosem_server *s, mw_cosem_association *a, mw_slice apdu,
                                  mw_span out, size_t *out_size);
/* A whole APDU of the client, sealed or plain, however it came. */
mw_status mw_cosem_server_dispatch(mw_cosem_server *s, mw_cosem_association *a, mw_slice apdu,
                                   mw_span out, size_t *out_size);
/* Begins to send what lies in gather's memory from `at` on, or, with at = SIZE_MAX, the answer of
 * n bytes to a->request. */
mw_status mw_cosem_general_begin(mw_cosem_server *s, mw_cosem_association *a, size_t at, size_t n,
                                 mw_span out, size_t *out_size);
/* Where a long answer may be put: empty unless general block transfer is agreed on and the memory
 * does not hold the request. */
mw_span mw_cosem_whole_room(const mw_cosem_association *a, mw_slice request, size_t *out_at);
/* The whole answer to a GET that is known to succeed. */
void mw_cosem_stream_answer(const mw_cosem_server *s, const mw_cosem_association *a,
                            const mw_cosem_apdu *get, mw_cosem_out *out);
/* The longest plain APDU that this client can be sent. */
size_t mw_cosem_plain_most(const mw_cosem_association *a, mw_span out);
/* Class 15 as this client sees it. */
uint8_t mw_cosem_association_get(const mw_cosem_server *s, const mw_cosem_association *a,
                                 const mw_cosem_item *what, mw_cosem_out *out);
uint8_t mw_cosem_association_act(mw_cosem_server *s, mw_cosem_association *a,
                                 const mw_cosem_item *what, mw_cosem_out *out);
mw_status mw_cosem_refuse(uint8_t state_error, uint8_t service_error, uint32_t counter, mw_span out,
                          size_t *out_size);

#endif
