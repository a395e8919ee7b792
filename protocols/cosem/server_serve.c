/* SPDX-License-Identifier: Apache-2.0
 * The services of an open association: GET, SET, ACTION, alone, in lists and in blocks. */
#include <string.h>

#include "protocols/cosem/server_internal.h"

/* Tag, type, invoke, last, block number, choice and length of a block's APDU. */
#define BLOCK_HEADER 12

static const mw_cosem_object *object_of(const mw_cosem_server *s, const mw_cosem_item *what,
                                        uint8_t *out_result) {
    for (size_t i = 0; i < s->device->object_count; i++) {
        const mw_cosem_object *o = &s->device->objects[i];
        if (!mw_obis_equal(o->name, what->name))
            continue;
        *out_result = o->class_id == what->class_id ? MW_COSEM_DONE : MW_COSEM_CLASS_INCONSISTENT;
        return o->class_id == what->class_id ? o : NULL;
    }
    *out_result = MW_COSEM_UNDEFINED;
    return NULL;
}

static bool is_current_association(const mw_cosem_item *what) {
    return what->class_id == MW_COSEM_ASSOCIATION_CLASS &&
           mw_obis_equal(what->name, MW_COSEM_CURRENT_ASSOCIATION);
}

static bool member_of(const mw_cosem_item *what, unsigned count) {
    return what->member >= 1 && (unsigned)what->member <= count;
}

static uint8_t get_one(const mw_cosem_server *s, const mw_cosem_association *a,
                       const mw_cosem_item *what, mw_cosem_out *out) {
    if (a->state != MW_COSEM_OPEN)
        return MW_COSEM_DENIED;
    if (is_current_association(what))
        return mw_cosem_association_get(s, a, what, out);
    uint8_t result;
    const mw_cosem_object *o = object_of(s, what, &result);
    if (o == NULL)
        return result;
    if (!member_of(what, o->attributes))
        return MW_COSEM_UNDEFINED;
    uint32_t bit = 1u << what->member;
    if (!(o->rights[a->client->role].get & bit))
        return MW_COSEM_DENIED;
    if (what->selective && !(o->selects & bit))
        return MW_COSEM_SCOPE_VIOLATED;
    if (what->member == 1) {
        mw_cosem_put_octets(out, MW_SLICE_OF(o->name.b));
        return MW_COSEM_DONE;
    }
    return o->functions->get == NULL ? MW_COSEM_UNAVAILABLE
                                     : o->functions->get(s->device->device, o, what, out);
}

static uint8_t set_one(const mw_cosem_server *s, const mw_cosem_association *a,
                       const mw_cosem_item *what) {
    if (a->state != MW_COSEM_OPEN || is_current_association(what))
        return MW_COSEM_DENIED;
    uint8_t result;
    const mw_cosem_object *o = object_of(s, what, &result);
    if (o == NULL)
        return result;
    if (!member_of(what, o->attributes))
        return MW_COSEM_UNDEFINED;
    if (!(o->rights[a->client->role].set & 1u << what->member))
        return MW_COSEM_DENIED;
    if (what->selective)
        return MW_COSEM_SCOPE_VIOLATED;
    return o->functions->set == NULL ? MW_COSEM_DENIED
                                     : o->functions->set(s->device->device, o, what);
}

static uint8_t act_one(mw_cosem_server *s, mw_cosem_association *a, const mw_cosem_item *what,
                       mw_cosem_out *out) {
    if (is_current_association(what))
        return mw_cosem_association_act(s, a, what, out);
    if (a->state != MW_COSEM_OPEN)
        return MW_COSEM_DENIED;
    uint8_t result;
    const mw_cosem_object *o = object_of(s, what, &result);
    if (o == NULL)
        return result;
    if (!member_of(what, o->methods))
        return MW_COSEM_UNDEFINED;
    if (!(o->rights[a->client->role].act & 1u << what->member))
        return MW_COSEM_DENIED;
    return o->functions->act == NULL ? MW_COSEM_DENIED
                                     : o->functions->act(s->device->device, o, what, out);
}

/* Data or result: the choice is known only when the function has answered. */
static void stream_result(const mw_cosem_server *s, const mw_cosem_association *a,
                          const mw_cosem_item *what, mw_cosem_out *out) {
    mw_cosem_out before = *out;
    mw_cosem_put_u8(out, 0);
    uint8_t result = get_one(s, a, what, out);
    if (result != MW_COSEM_DONE || out->status == MW_RANGE) {
        *out = before;
        mw_cosem_item bad = {.has_result = true, .result = result ? result : MW_COSEM_OTHER_REASON};
        mw_cosem_item_put(out, "R", &bad);
    }
}

/* What a GET yields, without an APDU around it: one value, or a list of data or results. */
static void stream_get(const mw_cosem_server *s, const mw_cosem_association *a,
                       const mw_cosem_apdu *get, mw_cosem_out *out) {
    if (get->kind == MW_COSEM_GET_REQUEST) {
        (void)get_one(s, a, &get->item, out); /* was good when the transfer began */
        return;
    }
    mw_cosem_put_length(out, get->count);
    mw_cosem_items items = mw_cosem_items_of(get, 0);
    mw_cosem_item what;
    while (mw_cosem_items_next(&items, &what) == MW_OK)
        stream_result(s, a, &what, out);
}

void mw_cosem_stream_answer(const mw_cosem_server *s, const mw_cosem_association *a,
                            const mw_cosem_apdu *get, mw_cosem_out *out) {
    bool list = get->kind == MW_COSEM_GET_REQUEST_LIST;
    const mw_cosem_apdu_info *info =
        mw_cosem_apdu_info_of(list ? MW_COSEM_GET_RESPONSE_LIST : MW_COSEM_GET_RESPONSE);
    mw_cosem_put_u8(out, info->tag);
    mw_cosem_put_u8(out, info->type);
    mw_cosem_put_u8(out, (uint8_t)get->invoke);
    if (!list)
        mw_cosem_put_u8(out, 0); /* choice: data */
    stream_get(s, a, get, out);
}

static mw_status get_failed(const mw_cosem_apdu *get, uint8_t result, mw_span out,
                            size_t *out_size) {
    mw_cosem_apdu answer = {.kind = MW_COSEM_GET_RESPONSE,
                            .invoke = get->invoke,
                            .item = {.has_result = true, .result = result}};
    return mw_cosem_apdu_encode(&answer, out, out_size);
}

/* The block that begins at a->offset. */
static mw_status send_block(mw_cosem_server *s, mw_cosem_association *a, mw_span out,
                            size_t *out_size) {
    mw_cosem_apdu get;
    MW_TRY(mw_cosem_apdu_decode((mw_slice){a->request, a->request_n}, 0, &get));
    mw_cosem_out value =
        mw_cosem_out_of((mw_span){out.p + BLOCK_HEADER, out.n - BLOCK_HEADER}, a->offset);
    stream_get(s, a, &get, &value);
    mw_slice block = mw_cosem_out_done(&value);
    bool last = a->offset + block.n >= value.at;
    mw_cosem_apdu answer = {.kind = MW_COSEM_GET_RESPONSE_BLOCK,
                            .invoke = get.invoke,
                            .block = ++a->block,
                            .last = last,
                            .item = {.has_data = true, .data = block}};
    uint8_t header[BLOCK_HEADER];
    mw_cosem_out head = mw_cosem_out_of((mw_span){header, sizeof header}, 0);
    mw_cosem_apdu_put(&head, &answer);
    size_t header_n = head.at - block.n;
    memmove(out.p + header_n, block.p, block.n);
    memcpy(out.p, header, header_n);
    *out_size = header_n + block.n;
    a->offset += block.n;
    if (last)
        a->request_n = 0;
    return MW_OK;
}

/* An answer that is longer than the PDU, by general block transfer. MW_NOT_FOUND: not that way. */
static mw_status get_general(mw_cosem_server *s, mw_cosem_association *a,
                             const mw_cosem_apdu *request, mw_slice apdu, size_t whole, mw_span out,
                             size_t *out_size) {
    size_t at = 0;
    mw_span room = mw_cosem_whole_room(a, apdu, &at);
    if (whole <= room.n) {
        mw_cosem_out o = mw_cosem_out_of(room, 0);
        mw_cosem_stream_answer(s, a, request, &o);
        if (mw_cosem_out_end(&o) == MW_OK) {
            a->whole_at = at;
            a->whole_n = o.at;
            *out_size = 0;
            return MW_OK;
        }
    }
    if (!(a->conformance & MW_COSEM_CONFORMANCE(MW_COSEM_CAN_GENERAL_BLOCK)) ||
        a->client->ciphered || apdu.n > sizeof a->request)
        return MW_NOT_FOUND;
    if (apdu.p != a->request)
        memcpy(a->request, apdu.p, apdu.n);
    a->request_n = (uint16_t)apdu.n;
    return mw_cosem_general_begin(s, a, SIZE_MAX, whole, out, out_size);
}

static mw_status get(mw_cosem_server *s, mw_cosem_association *a, const mw_cosem_apdu *request,
                     mw_slice apdu, mw_span out, size_t *out_size) {
    mw_cosem_out o = mw_cosem_out_of(out, 0);
    a->request_n = 0;
    if (request->kind == MW_COSEM_GET_REQUEST_LIST) {
        mw_cosem_stream_answer(s, a, request, &o);
    } else {
        mw_cosem_apdu answer = {
            .kind = MW_COSEM_GET_RESPONSE, .invoke = request->invoke, .item = {.has_data = true}};
        mw_cosem_apdu_put(&o, &answer);
        uint8_t result = get_one(s, a, &request->item, &o);
        if (result == MW_COSEM_DONE && o.status == MW_RANGE)
            result = MW_COSEM_OTHER_REASON;
        if (result != MW_COSEM_DONE)
            return get_failed(request, result, out, out_size);
    }
    if (mw_cosem_out_end(&o) == MW_OK) {
        *out_size = o.at;
        return MW_OK;
    }
    mw_status general = get_general(s, a, request, apdu, o.at, out, out_size);
    if (general != MW_NOT_FOUND)
        return general;
    if (!(a->conformance & MW_COSEM_CONFORMANCE(MW_COSEM_CAN_GET_BLOCK)) ||
        apdu.n > sizeof a->request)
        return get_failed(request, MW_COSEM_OTHER_REASON, out, out_size);
    if (apdu.p != a->request)
        memcpy(a->request, apdu.p, apdu.n);
    a->request_n = (uint16_t)apdu.n;
    a->block = 0;
    a->offset = 0;
    return send_block(s, a, out, out_size);
}

static mw_status get_next(mw_cosem_server *s, mw_cosem_association *a, const mw_cosem_apdu *request,
                          mw_span out, size_t *out_size) {
    bool wrong = a->request_n == 0 || request->block != a->block;
    if (!wrong)
        return send_block(s, a, out, out_size);
    mw_cosem_apdu answer = {.kind = MW_COSEM_GET_RESPONSE_BLOCK,
                            .invoke = request->invoke,
                            .last = true,
                            .block = request->block,
                            .item = {.has_result = true,
                                     .result = a->request_n == 0 ? MW_COSEM_NO_LONG_GET
                                                                 : MW_COSEM_BLOCK_NUMBER_INVALID}};
    a->request_n = 0;
    return mw_cosem_apdu_encode(&answer, out, out_size);
}

static mw_status set(mw_cosem_server *s, mw_cosem_association *a, const mw_cosem_apdu *request,
                     mw_span out, size_t *out_size) {
    mw_cosem_apdu answer = {.kind = MW_COSEM_SET_RESPONSE, .invoke = request->invoke};
    answer.item.has_result = true;
    answer.item.result = set_one(s, a, &request->item);
    return mw_cosem_apdu_encode(&answer, out, out_size);
}

/* `block`: the number of the last block in which the request came, 0 when it came in one piece. */
static mw_status set_list(mw_cosem_server *s, mw_cosem_association *a, const mw_cosem_apdu *request,
                          uint32_t block, mw_span out, size_t *out_size) {
    mw_cosem_out o = mw_cosem_out_of(out, 0);
    const mw_cosem_apdu_info *info = mw_cosem_apdu_info_of(
        block != 0 ? MW_COSEM_SET_RESPONSE_LIST_LAST : MW_COSEM_SET_RESPONSE_LIST);
    mw_cosem_put_u8(&o, info->tag);
    mw_cosem_put_u8(&o, info->type);
    mw_cosem_put_u8(&o, (uint8_t)request->invoke);
    mw_cosem_put_length(&o, request->count);
    mw_cosem_items targets = mw_cosem_items_of(request, 0), values = mw_cosem_values_of(request, 0);
    mw_cosem_item what, value;
    while (mw_cosem_items_next(&targets, &what) == MW_OK) {
        uint8_t result = MW_COSEM_TYPE_UNMATCHED; /* fewer values than attributes */
        if (mw_cosem_items_next(&values, &value) == MW_OK) {
            what.data = value.data;
            what.has_data = true;
            result = set_one(s, a, &what);
        }
        mw_cosem_put_u8(&o, result);
    }
    if (block != 0)
        for (unsigned shift = 32; shift > 0; shift -= 8)
            mw_cosem_put_u8(&o, (uint8_t)(block >> (shift - 8)));
    *out_size = o.at;
    return mw_cosem_out_end(&o);
}

static mw_status act(mw_cosem_server *s, mw_cosem_association *a, const mw_cosem_item *what,
                     uint32_t invoke, mw_span out, size_t *out_size) {
    /* Tag, type, invoke, result, then optionally: 1, choice data 0, value. */
    size_t at = 0;
    mw_span room = mw_cosem_whole_room(a, what->data, &at);
    bool general = room.n > out.n; /* a return may be long then */
    mw_cosem_out o = mw_cosem_out_of(general ? room : out, 0);
    const mw_cosem_apdu_info *info = mw_cosem_apdu_info_of(MW_COSEM_ACTION_RESPONSE);
    const uint8_t head[6] = {info->tag, info->type, (uint8_t)invoke, MW_COSEM_DONE, 1, 0};
    mw_cosem_put_bytes(&o, MW_SLICE_OF(head));
    uint8_t result = act_one(s, a, what, &o);
    bool returns = result == MW_COSEM_DONE && o.at > sizeof head;
    if (returns && mw_cosem_out_end(&o) == MW_OK) {
        *out_size = o.at <= out.n ? o.at : 0;
        if (general && o.at <= out.n)
            memcpy(out.p, room.p, o.at);
        if (o.at > out.n) {
            a->whole_at = at;
            a->whole_n = o.at;
        }
        return MW_OK;
    }
    if (returns) /* executed, but its return is longer than the client takes */
        result = MW_COSEM_OTHER_REASON;
    mw_cosem_apdu answer = {.kind = MW_COSEM_ACTION_RESPONSE, .invoke = invoke};
    answer.item.has_result = true;
    answer.item.result = result;
    return mw_cosem_apdu_encode(&answer, out, out_size);
}

static mw_status act_list(mw_cosem_server *s, mw_cosem_association *a, const mw_cosem_apdu *request,
                          mw_span out, size_t *out_size) {
    mw_cosem_out o = mw_cosem_out_of(out, 0);
    mw_cosem_put_u8(&o, mw_cosem_apdu_info_of(MW_COSEM_ACTION_RESPONSE_LIST)->tag);
    mw_cosem_put_u8(&o, mw_cosem_apdu_info_of(MW_COSEM_ACTION_RESPONSE_LIST)->type);
    mw_cosem_put_u8(&o, (uint8_t)request->invoke);
    mw_cosem_put_length(&o, request->count);
    mw_cosem_items targets = mw_cosem_items_of(request, 0), values = mw_cosem_values_of(request, 0);
    mw_cosem_item what, value;
    while (mw_cosem_items_next(&targets, &what) == MW_OK) {
        if (mw_cosem_items_next(&values, &value) == MW_OK) {
            what.data = value.data;
            what.has_data = true;
        }
        mw_cosem_out before = o;
        const uint8_t good[3] = {MW_COSEM_DONE, 1, 0};
        mw_cosem_put_bytes(&o, MW_SLICE_OF(good));
        uint8_t result = act_one(s, a, &what, &o);
        if (result != MW_COSEM_DONE || o.at == before.at + sizeof good) {
            o = before;
            mw_cosem_item plain = {.has_result = true, .result = result};
            mw_cosem_item_put(&o, "rA", &plain);
        }
    }
    *out_size = o.at;
    return mw_cosem_out_end(&o);
}

static bool is_setting(mw_cosem_apdu_kind kind) {
    return kind == MW_COSEM_SET_REQUEST_FIRST || kind == MW_COSEM_SET_REQUEST_LIST_FIRST ||
           kind == MW_COSEM_SET_REQUEST_BLOCK;
}

static bool is_list(uint8_t gathering) {
    return gathering == MW_COSEM_SET_REQUEST_LIST_FIRST ||
           gathering == MW_COSEM_ACTION_REQUEST_LIST_FIRST;
}

/* What is gathered for a list becomes the request that it would have been in one piece: first what
 * stands before the values. */
static void list_begin(mw_cosem_association *a, const mw_cosem_apdu *first) {
    const mw_cosem_apdu_info *info = mw_cosem_apdu_info_of(
        is_setting(first->kind) ? MW_COSEM_SET_REQUEST_LIST : MW_COSEM_ACTION_REQUEST_LIST);
    mw_cosem_out o = mw_cosem_out_of(a->gather.memory, 0);
    mw_cosem_put_u8(&o, info->tag);
    mw_cosem_put_u8(&o, info->type);
    mw_cosem_put_u8(&o, (uint8_t)first->invoke);
    mw_cosem_put_length(&o, first->count);
    mw_cosem_put_bytes(&o, first->list);
    /* Without room the first block finds none either. */
    a->gather.size = mw_cosem_out_end(&o) == MW_OK ? o.at : a->gather.memory.n;
}

static mw_status list_execute(mw_cosem_server *s, mw_cosem_association *a, uint32_t block,
                              mw_span out, size_t *out_size) {
    mw_cosem_apdu whole;
    if (mw_cosem_apdu_decode(mw_cosem_gather_done(&a->gather), 0, &whole) != MW_OK)
        return mw_cosem_refuse(2, 3, 0, out, out_size);
    return whole.kind == MW_COSEM_SET_REQUEST_LIST ? set_list(s, a, &whole, block, out, out_size)
                                                   : act_list(s, a, &whole, out, out_size);
}

/* A SET or ACTION in blocks: gathered, then executed as if it had come at once. */
static mw_status gather(mw_cosem_server *s, mw_cosem_association *a, const mw_cosem_apdu *request,
                        mw_span out, size_t *out_size) {
    bool first = request->kind != MW_COSEM_SET_REQUEST_BLOCK &&
                 request->kind != MW_COSEM_ACTION_REQUEST_BLOCK;
    bool setting = is_setting(request->kind);
    if (first) {
        mw_cosem_gather_init(&a->gather, a->gather.memory);
        a->gathering = (uint8_t)request->kind;
        a->target = request->item;
        a->target.selective = false;
        if (is_list(a->gathering))
            list_begin(a, request);
    }
    mw_cosem_apdu answer = {.kind = setting ? MW_COSEM_SET_RESPONSE_LAST : MW_COSEM_ACTION_RESPONSE,
                            .invoke = request->invoke,
                            .block = request->block};
    answer.item.has_result = true;
    mw_status taken =
        a->gathering == 0 || is_setting((mw_cosem_apdu_kind)a->gathering) != setting
            ? MW_STATE
            : mw_cosem_gather_take(&a->gather, request->block, request->last, request->item.data);
    if (taken == MW_AGAIN || taken == MW_DUPLICATE) {
        answer.kind = setting ? MW_COSEM_SET_RESPONSE_BLOCK : MW_COSEM_ACTION_RESPONSE_NEXT;
        return mw_cosem_apdu_encode(&answer, out, out_size);
    }
    bool list = is_list(a->gathering);
    a->gathering = 0;
    if (list && taken == MW_OK)
        return list_execute(s, a, request->block, out, out_size);
    size_t n = 0;
    mw_slice value = mw_cosem_gather_done(&a->gather);
    if (taken != MW_OK)
        answer.item.result = taken == MW_STATE      ? MW_COSEM_NO_LONG_SET
                             : taken == MW_CONFLICT ? MW_COSEM_BLOCK_NUMBER_INVALID
                                                    : MW_COSEM_LONG_SET_ABORTED;
    else if (mw_cosem_data_check(value, 0, &n) != MW_OK || n != value.n)
        answer.item.result = MW_COSEM_TYPE_UNMATCHED;
    else {
        a->target.data = value;
        a->target.has_data = true;
        if (!setting)
            return act(s, a, &a->target, request->invoke, out, out_size);
        answer.item.result = set_one(s, a, &a->target);
    }
    return mw_cosem_apdu_encode(&answer, out, out_size);
}

static bool allowed(const mw_cosem_association *a, unsigned service) {
    return (a->conformance & MW_COSEM_CONFORMANCE(service)) != 0;
}

mw_status mw_cosem_server_serve(mw_cosem_server *s, mw_cosem_association *a, mw_slice apdu,
                                mw_span out, size_t *out_size) {
    mw_cosem_apdu r;
    mw_status decoded = mw_cosem_apdu_decode(apdu, 0, &r);
    if (decoded != MW_OK)
        return mw_cosem_refuse(2, decoded == MW_NOT_FOUND ? 2 : 3, 0, out, out_size);
    switch (r.kind) {
    case MW_COSEM_GET_REQUEST:
        return get(s, a, &r, apdu, out, out_size);
    case MW_COSEM_GET_REQUEST_LIST:
        if (allowed(a, MW_COSEM_CAN_LIST))
            return get(s, a, &r, apdu, out, out_size);
        break;
    case MW_COSEM_GET_REQUEST_NEXT:
        return get_next(s, a, &r, out, out_size);
    case MW_COSEM_SET_REQUEST:
        if (allowed(a, MW_COSEM_CAN_SET))
            return set(s, a, &r, out, out_size);
        break;
    case MW_COSEM_SET_REQUEST_LIST:
        if (allowed(a, MW_COSEM_CAN_SET) && allowed(a, MW_COSEM_CAN_LIST))
            return set_list(s, a, &r, 0, out, out_size);
        break;
    case MW_COSEM_SET_REQUEST_LIST_FIRST:
        if (allowed(a, MW_COSEM_CAN_SET_BLOCK) && allowed(a, MW_COSEM_CAN_LIST))
            return gather(s, a, &r, out, out_size);
        break;
    case MW_COSEM_SET_REQUEST_FIRST:
    case MW_COSEM_SET_REQUEST_BLOCK:
        if (allowed(a, MW_COSEM_CAN_SET_BLOCK))
            return gather(s, a, &r, out, out_size);
        break;
    case MW_COSEM_ACTION_REQUEST:
        r.item.has_data = r.item.data.n != 0;
        return act(s, a, &r.item, r.invoke, out, out_size);
    case MW_COSEM_ACTION_REQUEST_LIST:
        if (allowed(a, MW_COSEM_CAN_ACTION) && allowed(a, MW_COSEM_CAN_LIST))
            return act_list(s, a, &r, out, out_size);
        break;
    case MW_COSEM_ACTION_REQUEST_LIST_FIRST:
        if (allowed(a, MW_COSEM_CAN_ACTION_BLOCK) && allowed(a, MW_COSEM_CAN_LIST))
            return gather(s, a, &r, out, out_size);
        break;
    case MW_COSEM_ACTION_REQUEST_FIRST:
    case MW_COSEM_ACTION_REQUEST_BLOCK:
        if (allowed(a, MW_COSEM_CAN_ACTION_BLOCK))
            return gather(s, a, &r, out, out_size);
        break;
    default:
        break;
    }
    return mw_cosem_refuse(1, 2, 0, out, out_size);
}
