/* SPDX-License-Identifier: Apache-2.0
 *
 * Signing in and out. A password is hashed in a worker thread, because that takes tens of
 * milliseconds by design and uplinks must not wait for it.
 *
 * Every try is counted as a failure before the password is looked at, so that many tries at once
 * gain nothing, and taken back when it was right. A login that does not exist costs the same time
 * and gets the same answers, the lock-out included.
 */
#include <stdio.h>
#include <string.h>

#include "platform/api/internal.h"
#include "runtime/json_read.h"
#include "runtime/log.h"

typedef struct login_job {
    uv_work_t work;
    mw_api *api;
    mw_http_request *http; /* NULL when the client left */
    bool known;
    bool right; /* written by the worker */
    mw_store_user user;
    char login[65];
    char address[64];
    char password[MW_PASSWORD_MAX + 1];
    char code[16];   /* of the second factor, "" = not given */
    char agent[256]; /* what the browser calls itself */
} login_job;

static mw_status put_session(mw_json *j, mw_api *api, const mw_store_user *user, const char *csrf) {
    mw_json_object_begin(j);
    mw_json_put_object(j, "user");
    mw_json_put_text(j, "id", user->id);
    mw_json_put_text(j, "login", user->login);
    mw_json_put_text(j, "name", user->name);
    mw_json_put_text(j, "role", user->role);
    mw_json_put_text(j, "time_zone", user->time_zone);
    mw_json_put_text(j, "locale", user->locale);
    mw_json_put_text(j, "area", user->area[0] != 0 ? user->area : NULL);
    mw_json_object_end(j);
    mw_json_put_text(j, "csrf", csrf);
    mw_api_put_clock(j, api);
    MW_TRY(mw_api_put_currency(j, api, user->tenant));
    mw_json_object_end(j);
    return mw_json_done(j);
}

static void answer_session(mw_api *api, mw_http_request *http, const mw_store_user *user,
                           const char *csrf, const char *set_cookie) {
    mw_buffer b;
    mw_buffer_init(&b, 8192);
    mw_json j = mw_json_of(&b);
    if (put_session(&j, api, user, csrf) == MW_OK) {
        mw_http_reply reply = {
            .status = 200, .content_type = "application/json", .body = mw_buffer_view(&b)};
        if (set_cookie != NULL)
            reply.headers[0] = (mw_http_field){"Set-Cookie", set_cookie};
        mw_http_reply_send(http, &reply);
    } else {
        mw_http_reply_problem(http, 503, "UNAVAILABLE", "not possible now, try later");
    }
    mw_buffer_fini(&b);
}

#define COOKIE_TEXT_MAX 200

static void cookie_text(char out[COOKIE_TEXT_MAX], const char *token, mw_dur age, bool tls) {
    snprintf(out, COOKIE_TEXT_MAX,
             MW_API_COOKIE "=%s; Path=/; Max-Age=%lld; HttpOnly; SameSite=Strict%s", token,
             (long long)(age.ns / MW_NS_PER_S), tls ? "; Secure" : "");
}

static void refuse(mw_http_request *http) {
    mw_http_reply_problem(http, 401, "UNAUTHENTICATED", "login or password is wrong");
}

static void let_in(login_job *job) {
    mw_api *api = job->api;
    char token[MW_TOKEN_TEXT_MAX];
    char csrf[MW_TOKEN_TEXT_MAX];
    char cookie[COOKIE_TEXT_MAX];
    mw_status s =
        mw_session_begin(&api->sessions, &job->user, &(mw_session_origin){job->address, job->agent},
                         mw_loop_machine_utc(api->o.loop), token, csrf);
    if (s != MW_OK) {
        mw_http_reply_problem(job->http, 503, "UNAVAILABLE", "not possible now, try later");
        return;
    }
    cookie_text(cookie, token, api->sessions.longest, mw_http_is_tls(job->http));
    answer_session(api, job->http, &job->user, csrf, cookie);
    mw_bytes_wipe(token, sizeof token);
    mw_bytes_wipe(cookie, sizeof cookie);
}

/* Worker thread: touches nothing but the job's password, hash and result. */
static void hash_password(uv_work_t *work) {
    login_job *job = work->data;
    mw_slice password = mw_slice_of_str(job->password);
    if (job->known)
        job->right = mw_password_verify(job->user.password_hash, password);
    else
        mw_password_verify_nobody(job->api->o.password, password);
}

/* The second factor, when the user has one: true when the user may come in. Answers otherwise. */
static bool check_factor(login_job *job) {
    mw_api *api = job->api;
    mw_status s = mw_api_second_factor(api, &job->user, job->code);
    if (s == MW_OK || s == MW_NOT_FOUND)
        return true;
    if (job->http == NULL)
        return false;
    if (s != MW_AUTH) {
        mw_http_reply_problem(job->http, 503, "UNAVAILABLE", "not possible now, try later");
    } else if (job->code[0] == 0) {
        /* The password was right, nobody guessed: the try is taken back. */
        mw_throttle_forgive(&api->by_login, mw_slice_of_str(job->login), mw_loop_mono(api->o.loop));
        mw_throttle_forgive(&api->by_address, mw_slice_of_str(job->address),
                            mw_loop_mono(api->o.loop));
        mw_http_reply_problem(job->http, 401, "SECOND_FACTOR", "the code of your app is needed");
    } else {
        mw_http_reply_problem(job->http, 401, "WRONG_CODE", "this code does not fit");
    }
    return false;
}

static void welcome(login_job *job) {
    mw_api *api = job->api;
    mw_mono now = mw_loop_mono(api->o.loop);
    mw_throttle_success(&api->by_login, mw_slice_of_str(job->login));
    mw_throttle_forgive(&api->by_address, mw_slice_of_str(job->address), now);
    if (job->http != NULL)
        let_in(job);
}

static void hashed(uv_work_t *work, int status) {
    login_job *job = work->data;
    mw_api *api = job->api;
    bool right = status == 0 && job->right && !job->user.disabled;
    if (!right) {
        mw_log(MW_LOG_WARN, "sign-in refused", MW_S("address", job->address));
        if (job->http != NULL)
            refuse(job->http);
    } else if (check_factor(job)) {
        welcome(job);
    } else {
        mw_log(MW_LOG_WARN, "sign-in stopped at the second factor", MW_S("address", job->address));
    }
    api->logins--;
    mw_bytes_wipe(job, sizeof *job);
    free(job);
}

static void client_left(void *context) {
    login_job *job = context;
    job->http = NULL;
}

/* True when the key may try; answers 429 otherwise. */
bool mw_api_may_try(mw_api_call *call, const mw_throttle *t, const char *key) {
    mw_dur wait;
    if (mw_throttle_check(t, mw_slice_of_str(key), mw_loop_mono(call->api->o.loop), &wait) == MW_OK)
        return true;
    static const char body[] = "{\"error\":{\"code\":\"LOCKED\",\"message\":\"too many failures, "
                               "try again later\"}}";
    char seconds[24];
    snprintf(seconds, sizeof seconds, "%lld", (long long)(wait.ns / MW_NS_PER_S + 1));
    mw_http_reply reply = {.status = 429,
                           .content_type = "application/json",
                           .body = mw_slice_of_str(body),
                           .headers = {{"Retry-After", seconds}}};
    mw_http_reply_send(call->http, &reply);
    return false;
}

static mw_status read_credentials(mw_slice body, login_job *job, mw_json_error *error) {
    static const char *const members[] = {"login", "password", "code", NULL};
    json_t *root = NULL;
    const char *login = NULL;
    const char *password = NULL;
    MW_TRY(mw_json_parse(body, (mw_json_limits){4096, 1}, &root, error));
    mw_status s = mw_json_only(root, members, error);
    if (s == MW_OK)
        s = mw_json_get_text(root, "login", sizeof job->login - 1, &login, error);
    if (s == MW_OK)
        s = mw_json_get_text(root, "password", sizeof job->password - 1, &password, error);
    const char *code = "";
    if (s == MW_OK) {
        s = mw_json_get_text(root, "code", sizeof job->code - 1, &code, error);
        s = s == MW_NOT_FOUND ? MW_OK : s;
    }
    if (s == MW_OK) {
        mw_bytes_copy(job->code, code, strlen(code));
        mw_bytes_copy(job->login, login, strlen(login));
        mw_bytes_copy(job->password, password, strlen(password));
    }
    json_decref(root);
    return s;
}

/* Looks the login up and hands the job to the worker. False when it could not; the caller answers
 * and frees. */
static mw_status begin_hashing(mw_api_call *call, login_job *job) {
    mw_api *api = call->api;
    mw_status s = mw_store_user_by_login(api->o.store, job->login, &job->user);
    if (s != MW_OK && s != MW_NOT_FOUND)
        return s;
    /* Who was invited and has no password yet is, to a stranger, nobody. */
    job->known = s == MW_OK && job->user.password_hash[0] != 0;
    mw_mono now = mw_loop_mono(api->o.loop);
    mw_throttle_failure(&api->by_login, mw_slice_of_str(job->login), now);
    mw_throttle_failure(&api->by_address, mw_slice_of_str(job->address), now);
    job->work.data = job;
    job->api = api;
    job->http = call->http;
    if (uv_queue_work(mw_loop_uv(api->o.loop), &job->work, hash_password, hashed) != 0)
        return MW_NOMEM;
    api->logins++;
    mw_http_on_gone(call->http, client_left, job);
    return MW_OK;
}

void mw_api_session_create(mw_api_call *call) {
    login_job *job = calloc(1, sizeof *job);
    mw_json_error error = {"the body is malformed"};
    if (job == NULL || call->api->logins >= MW_API_LOGINS_MAX) {
        free(job);
        mw_api_fail(call, MW_AGAIN);
        return;
    }
    const char *agent = mw_http_header(call->http, "User-Agent");
    mw_api_client(call->api, call->http, job->address);
    snprintf(job->agent, sizeof job->agent, "%.255s", agent != NULL ? agent : "");
    bool free_job = true;
    if (read_credentials(mw_http_body(call->http), job, &error) != MW_OK) {
        mw_api_invalid(call, error.text);
    } else if (mw_api_may_try(call, &call->api->by_address, job->address) &&
               mw_api_may_try(call, &call->api->by_login, job->login)) {
        mw_status s = begin_hashing(call, job);
        free_job = s != MW_OK;
        if (free_job)
            mw_api_fail(call, s);
    }
    if (free_job) {
        mw_bytes_wipe(job, sizeof *job);
        free(job);
    }
}

void mw_api_session_read(mw_api_call *call) {
    answer_session(call->api, call->http, &call->user, call->csrf, NULL);
}

void mw_api_session_delete(mw_api_call *call) {
    char token[MW_API_COOKIE_MAX];
    char cookie[COOKIE_TEXT_MAX];
    mw_status s = mw_api_cookie(call->http, token);
    if (s == MW_OK)
        s = mw_session_end(&call->api->sessions, mw_slice_of_str(token));
    if (s != MW_OK) {
        mw_api_fail(call, s);
        return;
    }
    cookie_text(cookie, "", mw_dur_s(0), mw_http_is_tls(call->http));
    mw_http_reply reply = {.status = 204, .headers = {{"Set-Cookie", cookie}}};
    mw_http_reply_send(call->http, &reply);
}
