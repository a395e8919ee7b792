/* SPDX-License-Identifier: Apache-2.0
 *
 * What the files of the API share: one row for each operation, and the call that a request becomes
 * after it passed the gate. Roles, scopes and CSRF are checked in the gate (gate.c) and nowhere
 * else; an operation may rely on what its row promises.
 */
#ifndef MW_PLATFORM_API_INTERNAL_H
#define MW_PLATFORM_API_INTERNAL_H

#include "platform/accounts/role.h"
#include "platform/accounts/session.h"
#include "platform/accounts/throttle.h"
#include "platform/api/api.h"
#include "platform/api/export.h"
#include "runtime/json_read.h"
#include "runtime/json_writer.h"

typedef enum mw_api_role {
    MW_API_PUBLIC,
    MW_API_USER, /* anybody who is signed in */
    MW_API_OPERATOR,
    MW_API_STATION, /* by bearer token */
    MW_API_FIELD,   /* operators and field engineers */
    MW_API_AUDIT,   /* administrators and auditors */
    MW_API_ADMIN,   /* administrators */
    MW_API_HOST,    /* administrators of the tenant that runs the installation */
} mw_api_role;

typedef enum mw_api_scope {
    MW_API_NONE,  /* no meter data */
    MW_API_OWN,   /* a consumer sees the own usage points, an operator the tenant's */
    MW_API_ALL,   /* the tenant's; who is limited to an area gets it for meters of the area only */
    MW_API_AREA,  /* the tenant's, narrowed by the operation to the user's area */
    MW_API_WHOLE, /* things of the tenant that lie in no area, such as stations */
} mw_api_scope;

/* What else is said of an operation. */
enum {
    MW_API_GUEST = 1,  /* who was given access to a home may do it, from the day of the access on */
    MW_API_PERSON = 2, /* by people who signed in: no token of a program will do */
};

typedef struct mw_api_call mw_api_call;
typedef void mw_api_operation(mw_api_call *call);

typedef struct mw_api_row {
    const char *id; /* operationId of the OpenAPI document */
    const char *method;
    const char *pattern;
    mw_api_role role;
    mw_api_scope scope;
    bool csrf;  /* needs the X-CSRF-Token header */
    bool meter; /* {id} names a channel: the gate loads it into call->meter or answers 404 */
    size_t body_max;
    mw_api_operation *run;
} mw_api_row;

extern const mw_api_row mw_api_rows[];
extern const size_t mw_api_rows_n;

/* A request that passed the gate. Lives on the stack of the gate: an operation that answers later
 * copies what it needs. */
struct mw_api_call {
    mw_api *api;
    mw_http_request *http;
    const mw_api_row *row;
    int64_t tenant;
    mw_store_user user;           /* USER, OPERATOR */
    char csrf[MW_TOKEN_TEXT_MAX]; /* USER, OPERATOR */
    unsigned flags;               /* MW_API_GUEST ... */
    mw_role role;                 /* USER, OPERATOR ... */
    const char *person;           /* scope of list queries: NULL = the whole tenant */
    const char *area;             /* the area that the user is limited to; NULL = none */
    mw_store_token token;         /* .id = 0: signed in with a password */
    mw_utc guest_from;            /* a guest sees nothing before; MW_UTC_NONE = no guest */
    mw_store_sender sender;       /* STATION */
    mw_store_meter meter;         /* rows with .meter */
};

typedef struct mw_api_station mw_api_station; /* network.c */
typedef struct mw_fleets mw_fleets;           /* fleet_keep.h */
struct mw_fleet_query;
typedef struct mw_api_stream mw_api_stream;     /* stream.c */
typedef struct mw_api_downlink mw_api_downlink; /* downlinks.c */

#define MW_API_LOGINS_MAX    16 /* passwords being hashed or waiting for it */
#define MW_API_STREAMS_MAX   128
#define MW_API_DOWNLINKS_MAX 256
#define MW_API_STATIONS_MAX  256                /* that told their status */
#define MW_API_TABLE_MAX     (8u * 1024 * 1024) /* bytes of a table to import; larger ones by command */
#define MW_API_TRIALS_MAX    2 /* dry runs of rules at the same time: a thread each */
#define MW_API_EXPORTS_MAX   4 /* exports of a whole tenant at the same time: a thread each */

/* What is said of an operation beyond its row, by its id (check.c). */
unsigned mw_api_flags(const mw_api_row *row);
/* Lets a call pass, with what its row promises in it; or answers and returns false. */
bool mw_api_check(mw_api_call *call);

struct mw_api {
    mw_api_options o;
    mw_sessions sessions;
    mw_throttle by_login;
    mw_throttle by_address;
    bool failing;
    size_t logins;       /* in flight */
    size_t exports;      /* in flight */
    size_t trials;       /* in flight */
    mw_throttle by_code; /* second factors and invitations, by user or address */
    mw_api_stream *streams[MW_API_STREAMS_MAX];
    size_t streams_n;
    mw_api_downlink *downlinks[MW_API_DOWNLINKS_MAX]; /* one a station */
    size_t downlinks_n;
    mw_api_station *stations[MW_API_STATIONS_MAX];
    size_t stations_n;
    mw_fleets *fleets;
    int64_t told; /* newest register reading that streams know of */
    mw_timer *ticker;
    mw_mono watched;     /* when absences were looked at */
    int64_t watch_after; /* the watch that the next look goes on after */
};

/* The operation of a request from the beginning, with all that is checked (gate.c). */
void mw_api_run(mw_api *api, mw_http_request *request, const mw_api_row *row, unsigned flags);
/* When a fleet that is being made was the reason of MW_AGAIN: the request waits for it and is run
 * again (fleet_keep.c). */
bool mw_fleets_park(mw_fleets *k, const mw_api_call *call);

/* ---- answers (reply.c) ---- */
void mw_api_fail(mw_api_call *call, mw_status why);
void mw_api_invalid(mw_api_call *call, const char *message);
/* Sends what was written when it is whole, else 503. Frees the buffer. */
void mw_api_send_json(mw_api_call *call, int status, mw_json *json, mw_buffer *buffer);
/* An answer that is one object: begins it in a new buffer of at most so many bytes; ends and sends. */
mw_json mw_api_object_begin(mw_buffer *out_buffer, size_t bytes_max);
void mw_api_object_send(mw_api_call *call, int status, mw_json *json, mw_buffer *buffer);

/* ---- bodies and small answers (body.c) ---- */
/* The body as an object with none but these members (NULL-terminated); answers 400 itself. Free with
 * json_decref. */
bool mw_api_body(mw_api_call *call, const char *const *members, json_t **out_root);
/* A text member copied into an array; 400 when it is absent (unless optional: then ""), longer, or
 * has control bytes. */
bool mw_api_body_text(mw_api_call *call, const json_t *root, const char *key, bool optional,
                      char *out, size_t size);
/* 204 when s is MW_OK, else the failure. */
void mw_api_done(mw_api_call *call, mw_status s);
/* A path parameter that is a positive number; answers 404 itself. */
bool mw_api_number(mw_api_call *call, const char *name, int64_t *out_number);
/* The client's address: the peer's, or what a trusted proxy says of it. */
void mw_api_client(const mw_api *api, const mw_http_request *http, char out_address[64]);
/* True when the key may try; answers 429 otherwise. */
bool mw_api_may_try(mw_api_call *call, const mw_throttle *t, const char *key);
/* Days of UTC around an instant. */
int64_t mw_api_day_of(mw_utc t);

/* ---- changes (audit.c) ---- */
/* Adds a row to the audit trail inside the open transaction: who, what, on what, in words. */
MW_NODISCARD mw_status mw_api_audit(mw_api_call *call, const char *action, const char *subject,
                                    const char *detail);
/* Commits when s is MW_OK, else rolls back and gives s. */
MW_NODISCARD mw_status mw_api_end(mw_api_call *call, mw_status s);
/* The same as mw_api_audit in a transaction of its own. */
MW_NODISCARD mw_status mw_api_audit_alone(mw_api_call *call, const char *action,
                                          const char *subject, const char *detail);

/* ---- parameters (reply.c): each answers 400 itself and returns false ---- */
bool mw_api_limit(mw_api_call *call, uint32_t *out_limit);
/* A cursor that is a positive number; 0 when absent. */
bool mw_api_before(mw_api_call *call, int64_t *out_before);
bool mw_api_date(mw_api_call *call, const char *name, int64_t *out_day);
/* A moment; `absent` when the parameter is not there. */
bool mw_api_utc(mw_api_call *call, const char *name, mw_utc absent, mw_utc *out_t);
/* raw, validated or final; *out_layer stays as it is when the parameter is absent. */
bool mw_api_layer(mw_api_call *call, mw_layer *out_layer);
const char *mw_api_layer_name(mw_layer layer);
/* "YYYY-MM-DD" to days since 1970, years 1970..2200. MW_SYNTAX, MW_RANGE. */
MW_NODISCARD mw_status mw_api_parse_date(mw_slice text, int64_t *out_day);
/* "0123456789abcdef-0". MW_SYNTAX. */
MW_NODISCARD mw_status mw_api_parse_meter(mw_slice text, uint64_t *out_identity, uint8_t *out_n);
#define MW_API_METER_ID_MAX 24
void mw_api_meter_id(const mw_store_meter *m, char out_text[MW_API_METER_ID_MAX]);

/* ---- a list, newest first, page by page (reply.c) ----
 * begin answers a wrong limit or cursor itself; rows are written to .json after take said that there
 * is room; ask the store for .limit + 1 rows: the one too many tells that there is a next page. */
typedef struct mw_api_page {
    mw_json json;
    mw_buffer buffer;
    uint32_t left;
    bool more;
    int64_t last; /* what the next page starts before */
    int64_t before;
    uint32_t limit;
    const mw_store_channel *channel; /* of rows with .meter */
    mw_utc since;                    /* a guest sees nothing before; else the beginning of time */
} mw_api_page;
bool mw_api_page_begin(mw_api_call *call, mw_api_page *p, size_t bytes_max);
bool mw_api_page_take(mw_api_page *p, int64_t cursor);
/* Sends the page, or says why it could not be read. */
void mw_api_page_end(mw_api_call *call, mw_api_page *p, mw_status s);

/* ---- validation (findings.c, validation.c) ---- */
/* The finding that {exception} names, also a closed one. MW_NOT_FOUND. */
MW_NODISCARD mw_status mw_api_exception_find(mw_api_call *call, mw_store_exception *out);
/* "doubts": the newest open findings that may not be billed as they are, and their money. */
MW_NODISCARD mw_status mw_api_put_doubts(mw_api_call *call, mw_json *j);
struct mw_engine_person;
/* The body with its reason; the caller frees it. Answers itself and gives NULL when it is wrong. */
struct json_t *mw_api_decision(mw_api_call *call, const char *const *members, unsigned depth,
                               struct mw_engine_person *out_person);
/* Answers a decision: done, or why not; `what` says what was out of range. */
void mw_api_decided(mw_api_call *call, mw_status s, const char *what);

/* ---- shared pieces of JSON ---- */
void mw_api_put_quality(mw_json *j, uint32_t quality);
/* The bits of MW_QUALITY_* as words. */
void mw_api_put_flags(mw_json *j, const char *key, uint32_t quality);
/* The same as words with spaces between; needs MW_API_QUALITY_MAX. */
#define MW_API_QUALITY_MAX 320
void mw_api_quality_words(uint32_t quality, char out_text[MW_API_QUALITY_MAX]);
/* "now" and "clock" members. */
void mw_api_put_clock(mw_json *j, mw_api *api);
/* The overview of an operator (person NULL) or a consumer, as one object. */
MW_NODISCARD mw_status mw_api_put_overview(mw_json *j, mw_api *api, int64_t tenant,
                                           const char *person, const char *area);
void mw_api_put_meter(mw_json *j, const mw_store_meter *m, bool with_customer);
/* Reads what a list of meters is narrowed by; false when nothing but the medium narrows it. */
bool mw_api_fleet_query(mw_api_call *call, struct mw_fleet_query *q);
/* The meters of a page of the fleet, read from the store. */
MW_NODISCARD mw_status mw_api_fleet_page(mw_api_call *call, const struct mw_fleet_query *q,
                                         mw_store_on_meter each, void *ctx, int64_t *out_total);
/* The members that name an event of the store: name, and of one of a meter's logs log, number, phase,
 * ends and text. */
void mw_api_event_put(mw_json *j, uint16_t code);
/* The same in words. */
const char *mw_api_event_text(uint16_t code);
/* The person whose usage points a user sees, NULL for all of the tenant. */
const char *mw_api_person_of(const mw_store_user *user);
/* The zone of a channel's usage point; UTC where none is known. */
MW_NODISCARD mw_status mw_api_zone_of(mw_api *api, const mw_store_meter *m,
                                      const mw_zone **out_zone, const char **out_name);

/* ---- operations of people and homes ---- */
#define MW_API_ACCOUNT_OPERATIONS(X)                                                               \
    X(user_list)                                                                                   \
    X(user_create)                                                                                 \
    X(user_read)                                                                                   \
    X(user_change)                                                                                 \
    X(user_invite)                                                                                 \
    X(token_list)                                                                                  \
    X(token_create)                                                                                \
    X(token_delete)                                                                                \
    X(token_all)                                                                                   \
    X(session_list)                                                                                \
    X(session_revoke) X(user_sessions) X(user_sessions_end) X(password_change) X(factor_read)      \
        X(factor_begin) X(factor_confirm) X(factor_remove) X(user_factor_remove)                   \
            X(invitation_look) X(invitation_accept) X(audit_list) X(audit_check) X(tenant_list)    \
                X(tenant_create) X(setting_list) X(setting_put) X(health_detail) X(access_list)    \
                    X(access_invite) X(access_accept) X(access_revoke) X(peers_read)               \
                        X(handed_create) X(handed_of_meter) X(handed_list) X(handed_photo)         \
                            X(handed_accept) X(handed_reject) X(absence_list) X(absence_create)    \
                                X(absence_end)

/* ---- operations ---- */
mw_api_operation mw_api_session_create;
mw_api_operation mw_api_session_read;
mw_api_operation mw_api_session_delete;
mw_api_operation mw_api_overview_read;
mw_api_operation mw_api_meter_list;
mw_api_operation mw_api_meter_read;
mw_api_operation mw_api_meter_consumption;
mw_api_operation mw_api_point_consumption;
mw_api_operation mw_api_meter_revisions;
mw_api_operation mw_api_meter_facets;
mw_api_operation mw_api_export_meters;
mw_api_operation mw_api_meter_bulk;
mw_api_operation mw_api_meter_notes;
mw_api_operation mw_api_meter_note_create;
mw_api_operation mw_api_meter_installations;
mw_api_operation mw_api_meter_frame;
mw_api_operation mw_api_meter_heard;
mw_api_operation mw_api_filter_list;
mw_api_operation mw_api_filter_put;
mw_api_operation mw_api_filter_delete;
mw_api_operation mw_api_area_list;
mw_api_operation mw_api_coverage;
mw_api_operation mw_api_station_picture;
mw_api_operation mw_api_station_status_put;
mw_api_operation mw_api_station_picture_put;
mw_api_operation mw_api_meter_fit_create;
mw_api_operation mw_api_meter_remove_create;
mw_api_operation mw_api_meter_exchange_create;
mw_api_operation mw_api_meter_swap_create;
mw_api_operation mw_api_meter_factor_create;
mw_api_operation mw_api_meter_reset_create;
mw_api_operation mw_api_meter_readings;
mw_api_operation mw_api_meter_receptions;
mw_api_operation mw_api_meter_events;
mw_api_operation mw_api_meter_export_csv;
mw_api_operation mw_api_meter_export_xlsx;
mw_api_operation mw_api_export_registers;
mw_api_operation mw_api_export_intervals;
mw_api_operation mw_api_stream_read;
mw_api_operation mw_api_station_list;
mw_api_operation mw_api_sign_list;
mw_api_operation mw_api_collection_read;
mw_api_operation mw_api_recipient_list;
mw_api_operation mw_api_recipient_write;
mw_api_operation mw_api_recipient_delete;
mw_api_operation mw_api_recipient_test;
mw_api_operation mw_api_recipient_secret;
mw_api_operation mw_api_delivery_list;
mw_api_operation mw_api_delivery_resend;
mw_api_operation mw_api_alarm_list;
mw_api_operation mw_api_alarm_summary;
mw_api_operation mw_api_alarm_read;
mw_api_operation mw_api_alarm_members;
mw_api_operation mw_api_alarm_act;
mw_api_operation mw_api_alarm_rules;
mw_api_operation mw_api_alarm_setting_put;
mw_api_operation mw_api_alarm_try;
mw_api_operation mw_api_meter_alarms;
mw_api_operation mw_api_meter_threshold_put;
mw_api_operation mw_api_foreign_message_list;
mw_api_operation mw_api_vee_summary;
mw_api_operation mw_api_vee_exceptions;
mw_api_operation mw_api_vee_exception_read;
mw_api_operation mw_api_vee_rules;
mw_api_operation mw_api_class_read;
mw_api_operation mw_api_class_set;
mw_api_operation mw_api_config_read;
mw_api_operation mw_api_config_record;
mw_api_operation mw_api_source_list;
mw_api_operation mw_api_source_set;
mw_api_operation mw_api_source_drop;
mw_api_operation mw_api_profile_list;
mw_api_operation mw_api_profile_set;
mw_api_operation mw_api_vee_accept;
mw_api_operation mw_api_vee_reject;
mw_api_operation mw_api_vee_edit;
mw_api_operation mw_api_vee_closing;
mw_api_operation mw_api_vee_corrections;
mw_api_operation mw_api_vee_settings;
mw_api_operation mw_api_vee_setting_put;
mw_api_operation mw_api_mapping_list;
mw_api_operation mw_api_mapping_read;
mw_api_operation mw_api_mapping_write;
mw_api_operation mw_api_mapping_delete;
mw_api_operation mw_api_import_preview;
mw_api_operation mw_api_import_create;
mw_api_operation mw_api_import_list;
mw_api_operation mw_api_import_undo;
mw_api_operation mw_api_meter_green_button;
mw_api_operation mw_api_export_cim;
mw_api_operation mw_api_export_80020;
mw_api_operation mw_api_tou_write;
mw_api_operation mw_api_meter_determinants;
mw_api_operation mw_api_snapshot_create;
mw_api_operation mw_api_snapshot_list;
mw_api_operation mw_api_uplink_create;
mw_api_operation mw_api_broadcast_create;
mw_api_operation mw_api_command_create; /* of the kind that the row's id names */
mw_api_operation mw_api_meter_commands;
mw_api_operation mw_api_command_list;
mw_api_operation mw_api_command_read;
mw_api_operation mw_api_command_cancel;
mw_api_operation mw_api_downlink_stream;
mw_api_operation mw_api_openapi_read;
mw_api_operation mw_api_health_read;
mw_api_operation mw_api_metrics_read;
mw_api_operation mw_api_nothing_here;

#define X(name) mw_api_operation mw_api_##name;
MW_API_ACCOUNT_OPERATIONS(X)
#undef X

/* Whether a usage point lies in the area that the user is limited to; true without a limit. */
bool mw_api_in_area(const mw_api_call *call, const char *usage_point);
/* At the end of a list of meters: those of other people's homes that this consumer was given access
 * to; adds to *total how many. */
MW_NODISCARD mw_status mw_api_put_guest_meters(mw_api_call *call, mw_json *j, const char *medium,
                                               int64_t *total);
void mw_api_put_guest_meter(mw_json *j, const mw_store_meter *m, mw_utc from);
/* The day the user's access to a usage point begins, MW_NOT_FOUND when there is none now. */
MW_NODISCARD mw_status mw_api_guest_since(mw_api_call *call, const char *usage_point,
                                          mw_utc *out_from);
/* Looks whether anything flows where nothing should. */
void mw_api_watch_turn(mw_api *api);
/* A setting of the tenant as a number, or what it is when nobody set it. */
int64_t mw_api_setting(mw_api *api, int64_t tenant, const char *name);
/* "currency": what the tenant's money is in, with the exponent of the minor unit. */
MW_NODISCARD mw_status mw_api_put_currency(mw_json *j, mw_api *api, int64_t tenant);
/* Checks a code of a second factor, or a recovery code, and uses it up: MW_OK, MW_AUTH, or
 * MW_NOT_FOUND when the user has no second factor. In no transaction. */
MW_NODISCARD mw_status mw_api_second_factor(mw_api *api, const mw_store_user *user,
                                            const char *code);

/* ---- parts of the API that live across requests ---- */
void mw_api_streams_tick(mw_api *api);
/* The reader of the session cookie, shared by the gate and sign-out. MW_NOT_FOUND. */
#define MW_API_COOKIE     "mw_session"
#define MW_API_COOKIE_MAX 64
MW_NODISCARD mw_status mw_api_cookie(mw_http_request *r, char out_token[MW_API_COOKIE_MAX]);

#endif
