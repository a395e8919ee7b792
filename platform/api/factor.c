/* SPDX-License-Identifier: Apache-2.0
 *
 * The own password and the second factor. Changing either asks for the password again, so that an
 * open page that somebody left is not enough.
 */
#include <qrencode.h>
#include <stdio.h>
#include <string.h>

#include "base/assert.h"
#include "platform/accounts/totp.h"
#include "platform/api/people.h"

bool mw_api_password_ok(mw_api_call *call, const char *password) {
    size_t n = strlen(password);
    if (n >= MW_PASSWORD_MIN && n <= MW_PASSWORD_MAX)
        return true;
    mw_api_invalid(call, "a password has 8 to 128 bytes");
    return false;
}

/* Counts the try as a failure first, so that many at once gain nothing. Some 25 ms of the loop:
 * people change passwords rarely, and one user gets five tries. */
static bool password_again(mw_api_call *call, const char *password) {
    mw_api *api = call->api;
    mw_slice key = mw_slice_of_str(call->user.login);
    mw_mono now = mw_loop_mono(api->o.loop);
    if (!mw_api_may_try(call, &api->by_login, call->user.login))
        return false;
    mw_throttle_failure(&api->by_login, key, now);
    if (mw_password_verify(call->user.password_hash, mw_slice_of_str(password))) {
        mw_throttle_forgive(&api->by_login, key, now);
        return true;
    }
    mw_http_reply_problem(call->http, 403, "WRONG_PASSWORD", "this is not your password");
    return false;
}

/* Reads one or two texts and checks the password among them. */
static bool read_proof(mw_api_call *call, const char *other, char *out, size_t size) {
    const char *const members[] = {"password", other, NULL};
    char password[MW_PASSWORD_MAX + 1];
    json_t *root = NULL;
    if (!mw_api_body(call, members, &root))
        return false;
    bool ok = mw_api_body_text(call, root, "password", false, password, sizeof password) &&
              (other == NULL || mw_api_body_text(call, root, other, false, out, size));
    json_decref(root);
    ok = ok && password_again(call, password);
    mw_bytes_wipe(password, sizeof password);
    return ok;
}

/* All sessions end, this one too: their CSRF tokens are bound to the old password. */
static mw_status password_save(mw_api_call *call, const char *password) {
    mw_store *store = call->api->o.store;
    mw_store_user u = call->user;
    char hash[MW_PASSWORD_HASH_MAX];
    MW_TRY(mw_password_hash(call->api->o.password, mw_slice_of_str(password), hash));
    snprintf(u.password_hash, sizeof u.password_hash, "%s", hash);
    MW_TRY(mw_store_begin(store));
    mw_status s = mw_store_user_put(store, &u);
    if (s == MW_OK)
        s = mw_api_drop_sessions(call, u.id, (mw_slice){0});
    if (s == MW_OK)
        s = mw_api_audit(call, "password.change", u.login, "");
    return mw_api_end(call, s);
}

void mw_api_password_change(mw_api_call *call) {
    char fresh[MW_PASSWORD_MAX + 1];
    if (!read_proof(call, "new_password", fresh, sizeof fresh))
        return;
    if (mw_api_password_ok(call, fresh))
        mw_api_done(call, password_save(call, fresh));
    mw_bytes_wipe(fresh, sizeof fresh);
}

/* ---- the second factor ---- */

void mw_api_factor_read(mw_api_call *call) {
    mw_store_totp t;
    int64_t left = 0;
    mw_status s = mw_store_totp_get(call->api->o.store, call->tenant, call->user.id, &t);
    bool on = s == MW_OK && t.confirmed;
    if (s == MW_OK || s == MW_NOT_FOUND)
        s = mw_store_recovery_left(call->api->o.store, call->tenant, call->user.id, &left);
    if (s != MW_OK) {
        mw_api_fail(call, s);
        return;
    }
    mw_buffer b;
    mw_json j = mw_api_object_begin(&b, 4096);
    mw_json_put_bool(&j, "enabled", on);
    mw_json_put_utc(&j, "since", on ? t.made : MW_UTC_NONE);
    mw_json_put_int(&j, "recovery_codes_left", on ? left : 0);
    mw_api_object_send(call, 200, &j, &b);
}

#define QR_SIDE_MAX 177 /* modules: version 40 */

/* The modules of a QR code, a text of 0 and 1 a row, without the quiet zone. */
static mw_status put_qr(mw_json *j, const char *text) {
    QRcode *qr = QRcode_encodeString8bit(text, 0, QR_ECLEVEL_M);
    if (qr == NULL)
        return MW_NOMEM;
    mw_assert(qr->width <= QR_SIDE_MAX);
    mw_json_put_array(j, "qr");
    for (int y = 0; y < qr->width; y++) {
        char row[QR_SIDE_MAX + 1];
        for (int x = 0; x < qr->width; x++)
            row[x] = (char)('0' + (qr->data[y * qr->width + x] & 1));
        row[qr->width] = 0;
        mw_json_text(j, row);
    }
    mw_json_array_end(j);
    QRcode_free(qr);
    return MW_OK;
}

static mw_status factor_make(mw_api_call *call, uint8_t secret[MW_TOTP_SECRET]) {
    mw_store *store = call->api->o.store;
    mw_store_totp t = {.tenant = call->tenant,
                       .wrapped_n = MW_REGISTRY_SECRET_WRAPPED,
                       .made = mw_loop_machine_utc(call->api->o.loop)};
    snprintf(t.owner, sizeof t.owner, "%s", call->user.id);
    mw_totp_secret_random(secret);
    MW_TRY(
        mw_registry_secret_wrap(call->api->o.registry, call->tenant, t.owner, secret, t.wrapped));
    MW_TRY(mw_store_begin(store));
    mw_status s = mw_store_totp_put(store, &t);
    if (s == MW_OK)
        s = mw_api_audit(call, "second_factor.begin", call->user.login, "");
    return mw_api_end(call, s);
}

void mw_api_factor_begin(mw_api_call *call) {
    uint8_t secret[MW_TOTP_SECRET];
    char text[MW_TOTP_SECRET_TEXT];
    char address[400];
    mw_store_totp known;
    if (!read_proof(call, NULL, NULL, 0))
        return;
    mw_status s = mw_store_totp_get(call->api->o.store, call->tenant, call->user.id, &known);
    if (s == MW_OK && known.confirmed) {
        mw_http_reply_problem(call->http, 409, "CONFLICT", "there is one already: remove it first");
        return;
    }
    s = factor_make(call, secret);
    mw_totp_secret_text(secret, text);
    snprintf(address, sizeof address,
             "otpauth://totp/Meterworks:%s?secret=%s&issuer=Meterworks&digits=6&period=30",
             call->user.login, text);
    mw_buffer b;
    mw_json j = mw_api_object_begin(&b, 32768);
    mw_json_put_text(&j, "secret", text);
    mw_json_put_text(&j, "address", address);
    if (s == MW_OK)
        s = put_qr(&j, address);
    mw_json_object_end(&j);
    mw_bytes_wipe(secret, sizeof secret);
    mw_bytes_wipe(text, sizeof text);
    mw_bytes_wipe(address, sizeof address);
    if (s == MW_OK) {
        mw_api_send_json(call, 200, &j, &b);
        return;
    }
    mw_buffer_fini(&b);
    mw_api_fail(call, s);
}

static mw_status unwrap(mw_api *api, const mw_store_totp *t, uint8_t secret[MW_TOTP_SECRET]) {
    return mw_registry_secret_unwrap(api->o.registry, t->tenant, t->owner,
                                     (mw_slice){t->wrapped, t->wrapped_n}, secret);
}

static void recovery_hash(const char *user, const char *code, uint8_t out[MW_STORE_TOKEN_HASH]) {
    char text[MW_STORE_ID_MAX + 128];
    snprintf(text, sizeof text, "%s %s", user, code);
    mw_token_hash h = mw_token_hash_of(mw_slice_of_str(text));
    mw_bytes_copy(out, h.b, MW_STORE_TOKEN_HASH);
}

static mw_status use_recovery(mw_api *api, const mw_store_user *user, const char *code) {
    uint8_t hash[MW_STORE_TOKEN_HASH];
    recovery_hash(user->id, code, hash);
    mw_utc now = mw_loop_machine_utc(api->o.loop);
    mw_store_audit row = {.tenant = user->tenant, .at = mw_loop_utc(api->o.loop)};
    snprintf(row.actor, sizeof row.actor, "%s", user->login);
    snprintf(row.action, sizeof row.action, "second_factor.recovery");
    snprintf(row.subject, sizeof row.subject, "%s", user->login);
    MW_TRY(mw_store_begin(api->o.store));
    mw_status s =
        mw_store_recovery_use(api->o.store, user->tenant, user->id, MW_SLICE_OF(hash), now);
    if (s == MW_OK)
        s = mw_store_audit_append(api->o.store, &row);
    if (s == MW_OK)
        return mw_store_commit(api->o.store);
    mw_status undone = mw_store_rollback(api->o.store);
    (void)undone;
    return s == MW_NOT_FOUND ? MW_AUTH : s;
}

static mw_status use_step(mw_api *api, const mw_store_totp *t, int64_t step) {
    MW_TRY(mw_store_begin(api->o.store));
    mw_status s = mw_store_totp_step(api->o.store, t->tenant, t->owner, step);
    if (s == MW_OK)
        return mw_store_commit(api->o.store);
    mw_status undone = mw_store_rollback(api->o.store);
    (void)undone;
    return s == MW_CONFLICT ? MW_AUTH : s;
}

mw_status mw_api_second_factor(mw_api *api, const mw_store_user *user, const char *code) {
    mw_store_totp t;
    uint8_t secret[MW_TOTP_SECRET];
    int64_t step = 0;
    MW_TRY(mw_store_totp_get(api->o.store, user->tenant, user->id, &t));
    if (!t.confirmed)
        return MW_NOT_FOUND;
    if (strlen(code) == MW_TOTP_RECOVERY_TEXT - 1)
        return use_recovery(api, user, code);
    MW_TRY(unwrap(api, &t, secret));
    mw_status s = mw_totp_verify(MW_SLICE_OF(secret), code, mw_loop_machine_utc(api->o.loop),
                                 t.last_step, &step);
    mw_bytes_wipe(secret, sizeof secret);
    return s == MW_OK ? use_step(api, &t, step) : s;
}

/* The code that shows that the app has the secret turns the factor on. */
static mw_status factor_turn_on(mw_api_call *call, mw_store_totp *t, int64_t step,
                                char codes[][MW_TOTP_RECOVERY_TEXT]) {
    uint8_t hashes[MW_STORE_RECOVERY_CODES][MW_STORE_TOKEN_HASH];
    mw_store *store = call->api->o.store;
    for (size_t i = 0; i < MW_STORE_RECOVERY_CODES; i++) {
        mw_totp_recovery_random(codes[i]);
        recovery_hash(call->user.id, codes[i], hashes[i]);
    }
    t->confirmed = true;
    t->last_step = step;
    MW_TRY(mw_store_begin(store));
    mw_status s = mw_store_totp_put(store, t);
    if (s == MW_OK)
        s = mw_store_recovery_set(store, t->tenant, t->owner,
                                  (const uint8_t(*)[MW_STORE_TOKEN_HASH])hashes,
                                  MW_STORE_RECOVERY_CODES);
    if (s == MW_OK)
        s = mw_api_audit(call, "second_factor.on", call->user.login, "");
    return mw_api_end(call, s);
}

void mw_api_factor_confirm(mw_api_call *call) {
    static const char *const members[] = {"code", NULL};
    char codes[MW_STORE_RECOVERY_CODES][MW_TOTP_RECOVERY_TEXT];
    mw_store_totp t;
    json_t *root = NULL;
    char code[16];
    uint8_t secret[MW_TOTP_SECRET];
    int64_t step = 0;
    if (!mw_api_body(call, members, &root))
        return;
    bool ok = mw_api_body_text(call, root, "code", false, code, sizeof code);
    json_decref(root);
    if (!ok || !mw_api_may_try(call, &call->api->by_code, call->user.id))
        return;
    mw_status s = mw_store_totp_get(call->api->o.store, call->tenant, call->user.id, &t);
    if (s == MW_OK && t.confirmed)
        s = MW_CONFLICT;
    if (s == MW_OK)
        s = unwrap(call->api, &t, secret);
    if (s == MW_OK)
        s = mw_totp_verify(MW_SLICE_OF(secret), code, mw_loop_machine_utc(call->api->o.loop), 0,
                           &step);
    mw_bytes_wipe(secret, sizeof secret);
    if (s == MW_AUTH) {
        mw_throttle_failure(&call->api->by_code, mw_slice_of_str(call->user.id),
                            mw_loop_mono(call->api->o.loop));
        mw_http_reply_problem(call->http, 403, "WRONG_CODE", "this code does not fit");
        return;
    }
    if (s == MW_OK)
        s = factor_turn_on(call, &t, step, codes);
    if (s != MW_OK) {
        mw_api_fail(call, s);
        return;
    }
    mw_buffer b;
    mw_json j = mw_api_object_begin(&b, 4096);
    mw_json_put_array(&j, "recovery_codes");
    for (size_t i = 0; i < MW_STORE_RECOVERY_CODES; i++)
        mw_json_text(&j, codes[i]);
    mw_json_array_end(&j);
    mw_api_object_send(call, 200, &j, &b);
    mw_bytes_wipe(codes, sizeof codes);
}

static mw_status factor_drop(mw_api_call *call, const mw_store_user *u, const char *action) {
    MW_TRY(mw_store_begin(call->api->o.store));
    mw_status s = mw_store_totp_delete(call->api->o.store, call->tenant, u->id);
    if (s == MW_OK)
        s = mw_api_audit(call, action, u->login, "");
    return mw_api_end(call, s);
}

void mw_api_factor_remove(mw_api_call *call) {
    if (read_proof(call, NULL, NULL, 0))
        mw_api_done(call, factor_drop(call, &call->user, "second_factor.off"));
}

/* For somebody who lost the phone and the recovery codes. */
void mw_api_user_factor_remove(mw_api_call *call) {
    mw_store_user u;
    if (mw_api_user_param(call, &u))
        mw_api_done(call, factor_drop(call, &u, "user.second_factor_off"));
}
