/* SPDX-License-Identifier: Apache-2.0
 *
 * Bodies, small answers, and where a client is.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "platform/api/internal.h"

bool mw_api_body(mw_api_call *call, const char *const *members, json_t **out_root) {
    mw_json_error error = {"the body is malformed"};
    mw_slice body = mw_http_body(call->http);
    json_t *root = NULL;
    mw_json_limits limits = {.bytes_max = call->row->body_max, .depth_max = 2};
    if (mw_json_parse(body, limits, &root, &error) != MW_OK) {
        mw_api_invalid(call, error.text);
        return false;
    }
    if (!json_is_object(root) || mw_json_only(root, members, &error) != MW_OK) {
        mw_api_invalid(call, error.text);
        json_decref(root);
        return false;
    }
    *out_root = root;
    return true;
}

static bool printable(const char *text) {
    for (; *text != 0; text++)
        if ((unsigned char)*text < ' ' || *text == 0x7f)
            return false;
    return true;
}

bool mw_api_body_text(mw_api_call *call, const json_t *root, const char *key, bool optional,
                      char *out, size_t size) {
    mw_json_error error = {""};
    const char *text = "";
    mw_status s = mw_json_get_text(root, key, size - 1, &text, &error);
    if (s == MW_NOT_FOUND && optional)
        s = MW_OK;
    if (s == MW_OK && printable(text) && (optional || text[0] != 0)) {
        snprintf(out, size, "%s", text);
        return true;
    }
    char message[120];
    snprintf(message, sizeof message, "%.40s must be text of 1 to %zu bytes", key, size - 1);
    mw_api_invalid(call, message);
    return false;
}

void mw_api_done(mw_api_call *call, mw_status s) {
    if (s == MW_OK)
        mw_http_reply_empty(call->http, 204);
    else
        mw_api_fail(call, s);
}

bool mw_api_number(mw_api_call *call, const char *name, int64_t *out_number) {
    const char *text = mw_http_param(call->http, name);
    size_t n = text != NULL ? strlen(text) : 0;
    if (n > 0 && n <= 18 && strspn(text, "0123456789") == n && text[0] != '0') {
        *out_number = strtoll(text, NULL, 10);
        return true;
    }
    mw_http_reply_problem(call->http, 404, "NOT_FOUND", "there is no such thing");
    return false;
}

int64_t mw_api_day_of(mw_utc t) {
    int64_t s = mw_utc_floor_s(t);
    return s / 86400 - (s % 86400 < 0);
}

/* ---- where a client is ---- */

/* True when the list, by spaces or commas, names the address. */
static bool listed(const char *list, const char *address, size_t n) {
    while (list != NULL && *list != 0) {
        list += strspn(list, " ,\t");
        size_t m = strcspn(list, " ,\t");
        if (m == n && n > 0 && strncmp(list, address, n) == 0)
            return true;
        list += m;
    }
    return false;
}

/* From the right, the first that is no trusted proxy itself: what stands left of it may be
 * invented. An address that is none ends the search at the proxy that said it. */
void mw_api_client(const mw_api *api, const mw_http_request *http, char out_address[64]) {
    const char *trusted = api->o.trusted_proxies;
    const char *peer = mw_http_peer(http);
    char said[1024];
    snprintf(out_address, 64, "%.63s", peer);
    if (trusted == NULL || trusted[0] == 0 || !listed(trusted, peer, strlen(peer)) ||
        mw_http_header_joined(http, "X-Forwarded-For", (mw_span){(uint8_t *)said, sizeof said}) !=
            MW_OK)
        return;
    size_t end = strlen(said);
    while (end > 0) {
        size_t from = end;
        while (from > 0 && said[from - 1] != ',')
            from--;
        const char *p = said + from;
        size_t n = end - from;
        while (n > 0 && (*p == ' ' || *p == '\t')) {
            p++;
            n--;
        }
        while (n > 0 && (p[n - 1] == ' ' || p[n - 1] == '\t'))
            n--;
        if (n == 0 || n > 45 || strspn(p, "0123456789abcdefABCDEF.:") < n)
            return;
        snprintf(out_address, 64, "%.*s", (int)n, p);
        if (!listed(trusted, p, n))
            return;
        end = from > 0 ? from - 1 : 0;
    }
}
