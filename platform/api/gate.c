/* SPDX-License-Identifier: Apache-2.0
 *
 * The gate: the table of operations. What each row asks for is checked in check.c.
 */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/assert.h"
#include "platform/api/fleet_keep.h"
#include "platform/api/network.h"
#include "platform/api/retention.h"
#include "platform/doors/uplinks.h"
#include "platform/files/mapping.h"
#include "platform/readings/tou.h"

#define GET(id, pattern, role, scope, meter, run)                                                  \
    { #id, "GET", pattern, MW_API_##role, MW_API_##scope, false, meter, 0, run }
/* The same for who was given access to a home, too. */
#define GUEST(id, pattern, run)                                                                    \
    { #id, "GET", pattern, MW_API_USER, MW_API_OWN, false, true, 0, run }

/* An operator changes the master data of a meter. */
#define CHANGE(id, pattern, run)                                                                   \
    { #id, "POST", pattern, MW_API_OPERATOR, MW_API_ALL, true, true, 4096, run }
/* The same, and an engineer in the field does it too. */
#define FIT(id, pattern, run)                                                                      \
    { #id, "POST", pattern, MW_API_FIELD, MW_API_ALL, true, true, 4096, run }
/* Asking for a command of one kind; who may, is an operator or (FIELD) an engineer too. */
#define COMMAND(id, kind, who)                                                                     \
    {                                                                                              \
#id, "POST", "/v1/meters/{id}/commands/" kind, MW_API_##who, MW_API_ALL, true, true, 4096, \
            mw_api_command_create                                                                  \
    }
/* A change of something that is no meter. */
#define DO(id, method, pattern, role, scope, body, run)                                            \
    { #id, method, pattern, MW_API_##role, MW_API_##scope, true, false, body, run }

const mw_api_row mw_api_rows[] = {
    {"sessionCreate", "POST", "/v1/session", MW_API_PUBLIC, MW_API_NONE, false, false, 4096,
     mw_api_session_create},
    GET(sessionRead, "/v1/session", USER, OWN, false, mw_api_session_read),
    {"sessionDelete", "DELETE", "/v1/session", MW_API_USER, MW_API_OWN, true, false, 4096,
     mw_api_session_delete},
    GET(overviewRead, "/v1/overview", USER, OWN, false, mw_api_overview_read),
    GET(meterList, "/v1/meters", USER, OWN, false, mw_api_meter_list),
    GET(meterFacets, "/v1/meters/facets", OPERATOR, AREA, false, mw_api_meter_facets),
    GET(exportMeters, "/v1/export/meters.csv", OPERATOR, AREA, false, mw_api_export_meters),
    {"meterBulk", "POST", "/v1/meters/bulk", MW_API_OPERATOR, MW_API_AREA, true, false, 65536,
     mw_api_meter_bulk},
    GET(meterNotes, "/v1/meters/{id}/notes", OPERATOR, ALL, true, mw_api_meter_notes),
    FIT(meterNoteCreate, "/v1/meters/{id}/notes", mw_api_meter_note_create),
    GET(meterInstallations, "/v1/meters/{id}/installations", OPERATOR, ALL, true,
        mw_api_meter_installations),
    GET(meterFrame, "/v1/meters/{id}/frames/{frame}", OPERATOR, ALL, true, mw_api_meter_frame),
    GET(meterHeard, "/v1/meters/{id}/heard", OPERATOR, ALL, true, mw_api_meter_heard),
    GET(retentionRead, "/v1/retention", ADMIN, ALL, false, mw_api_retention_read),
    DO(retentionPut, "POST", "/v1/retention", ADMIN, ALL, 4096, mw_api_retention_put),
    GET(holdList, "/v1/holds", ADMIN, ALL, false, mw_api_hold_list),
    DO(holdCreate, "POST", "/v1/holds", ADMIN, ALL, 4096, mw_api_hold_create),
    DO(holdRelease, "POST", "/v1/holds/{hold}/release", ADMIN, ALL, 4096, mw_api_hold_release),
    GET(filterList, "/v1/filters", OPERATOR, NONE, false, mw_api_filter_list),
    {"filterPut", "POST", "/v1/filters", MW_API_OPERATOR, MW_API_NONE, true, false, 4096,
     mw_api_filter_put},
    {"filterDelete", "DELETE", "/v1/filters/{filter}", MW_API_OPERATOR, MW_API_NONE, true, false,
     4096, mw_api_filter_delete},
    GET(areaList, "/v1/areas", OPERATOR, WHOLE, false, mw_api_area_list),
    GET(coverageRead, "/v1/coverage", OPERATOR, AREA, false, mw_api_coverage),
    GET(stationPicture, "/v1/stations/{station}/picture.png", OPERATOR, WHOLE, false,
        mw_api_station_picture),
    {"stationStatusPut", "PUT", "/v1/station/status", MW_API_STATION, MW_API_NONE, false, false,
     MW_API_STATION_STATUS_MAX, mw_api_station_status_put},
    {"stationPicturePut", "PUT", "/v1/station/picture", MW_API_STATION, MW_API_NONE, false, false,
     MW_API_PICTURE_MAX, mw_api_station_picture_put},
    GUEST(meterRead, "/v1/meters/{id}", mw_api_meter_read),
    GUEST(meterConsumption, "/v1/meters/{id}/consumption", mw_api_meter_consumption),
    GET(usagePointConsumption, "/v1/usage-points/{point}/consumption", OPERATOR, AREA, false,
        mw_api_point_consumption),
    GET(meterRevisions, "/v1/meters/{id}/revisions", USER, OWN, true, mw_api_meter_revisions),
    FIT(meterFit, "/v1/meters/{id}/installation", mw_api_meter_fit_create),
    FIT(meterRemove, "/v1/meters/{id}/removal", mw_api_meter_remove_create),
    FIT(meterExchange, "/v1/meters/{id}/exchange", mw_api_meter_exchange_create),
    FIT(meterSwap, "/v1/meters/{id}/swap", mw_api_meter_swap_create),
    FIT(meterFactor, "/v1/meters/{id}/factor", mw_api_meter_factor_create),
    FIT(meterReset, "/v1/meters/{id}/reset", mw_api_meter_reset_create),
    GUEST(meterReadings, "/v1/meters/{id}/readings", mw_api_meter_readings),
    GET(meterReceptions, "/v1/meters/{id}/receptions", OPERATOR, ALL, true,
        mw_api_meter_receptions),
    GUEST(meterEvents, "/v1/meters/{id}/events", mw_api_meter_events),
    GUEST(meterExportCsv, "/v1/meters/{id}/export.csv", mw_api_meter_export_csv),
    GUEST(meterExportXlsx, "/v1/meters/{id}/export.xlsx", mw_api_meter_export_xlsx),
    GET(exportRegisters, "/v1/export/registers.csv", OPERATOR, AREA, false,
        mw_api_export_registers),
    GET(exportIntervals, "/v1/export/intervals.csv", OPERATOR, AREA, false,
        mw_api_export_intervals),
    GET(streamRead, "/v1/stream", USER, OWN, false, mw_api_stream_read),
    GET(stationList, "/v1/stations", OPERATOR, WHOLE, false, mw_api_station_list),
    GET(veeSummary, "/v1/vee/summary", OPERATOR, AREA, false, mw_api_vee_summary),
    GET(veeExceptions, "/v1/vee/exceptions", OPERATOR, AREA, false, mw_api_vee_exceptions),
    GET(veeExceptionRead, "/v1/vee/exceptions/{exception}", OPERATOR, AREA, false,
        mw_api_vee_exception_read),
    GET(veeRules, "/v1/vee/rules", OPERATOR, WHOLE, false, mw_api_vee_rules),
    GET(meterClass, "/v1/meters/{id}/class", OPERATOR, ALL, true, mw_api_class_read),
    CHANGE(meterClassSet, "/v1/meters/{id}/class", mw_api_class_set),
    GET(meterConfiguration, "/v1/meters/{id}/configuration", OPERATOR, ALL, true,
        mw_api_config_read),
    CHANGE(meterConfigurationRecord, "/v1/meters/{id}/configuration", mw_api_config_record),
    GET(meterSources, "/v1/meters/{id}/sources", OPERATOR, ALL, true, mw_api_source_list),
    CHANGE(meterSourceSet, "/v1/meters/{id}/sources", mw_api_source_set),
    {"meterSourceDrop", "DELETE", "/v1/meters/{id}/sources", MW_API_OPERATOR, MW_API_ALL, true,
     true, 4096, mw_api_source_drop},
    GET(veeProfiles, "/v1/vee/profiles", OPERATOR, WHOLE, false, mw_api_profile_list),
    {"veeProfileSet", "POST", "/v1/vee/profiles", MW_API_OPERATOR, MW_API_ALL, true, false, 8192,
     mw_api_profile_set},
    {"veeAccept", "POST", "/v1/vee/exceptions/{exception}/accept", MW_API_OPERATOR, MW_API_AREA,
     true, false, 4096, mw_api_vee_accept},
    {"veeReject", "POST", "/v1/vee/exceptions/{exception}/reject", MW_API_OPERATOR, MW_API_AREA,
     true, false, 4096, mw_api_vee_reject},
    {"veeEdit", "POST", "/v1/meters/{id}/values", MW_API_OPERATOR, MW_API_ALL, true, true, 65536,
     mw_api_vee_edit},
    {"veeClosing", "POST", "/v1/meters/{id}/closings", MW_API_OPERATOR, MW_API_ALL, true, true,
     4096, mw_api_vee_closing},
    GET(veeCorrections, "/v1/vee/corrections", OPERATOR, AREA, false, mw_api_vee_corrections),
    GET(veeSettings, "/v1/vee/settings", OPERATOR, WHOLE, false, mw_api_vee_settings),
    {"veeSettingPut", "POST", "/v1/vee/settings", MW_API_OPERATOR, MW_API_ALL, true, false, 4096,
     mw_api_vee_setting_put},
    GET(collectionRead, "/v1/collection", OPERATOR, AREA, false, mw_api_collection_read),
    GET(recipientList, "/v1/recipients", OPERATOR, ALL, false, mw_api_recipient_list),
    {"recipientWrite", "PUT", "/v1/recipients/{recipient}", MW_API_OPERATOR, MW_API_ALL, true,
     false, 8192, mw_api_recipient_write},
    {"recipientDelete", "DELETE", "/v1/recipients/{recipient}", MW_API_OPERATOR, MW_API_ALL, true,
     false, 4096, mw_api_recipient_delete},
    {"recipientTest", "POST", "/v1/recipients/{recipient}/test", MW_API_OPERATOR, MW_API_ALL, true,
     false, 4096, mw_api_recipient_test},
    {"recipientSecret", "POST", "/v1/recipients/{recipient}/secret", MW_API_OPERATOR, MW_API_ALL,
     true, false, 4096, mw_api_recipient_secret},
    GET(deliveryList, "/v1/deliveries", OPERATOR, ALL, false, mw_api_delivery_list),
    {"deliveryResend", "POST", "/v1/deliveries/{delivery}/resend", MW_API_OPERATOR, MW_API_ALL,
     true, false, 4096, mw_api_delivery_resend},
    GET(signList, "/v1/signs", OPERATOR, ALL, false, mw_api_sign_list),
    GET(alarmList, "/v1/alarms", OPERATOR, AREA, false, mw_api_alarm_list),
    GET(alarmSummary, "/v1/alarms/summary", OPERATOR, AREA, false, mw_api_alarm_summary),
    {"alarmAct", "POST", "/v1/alarms/actions", MW_API_OPERATOR, MW_API_AREA, true, false, 16384,
     mw_api_alarm_act},
    GET(alarmRead, "/v1/alarms/{alarm}", OPERATOR, AREA, false, mw_api_alarm_read),
    GET(alarmMembers, "/v1/alarms/{alarm}/members", OPERATOR, AREA, false, mw_api_alarm_members),
    GET(alarmRules, "/v1/alarm-rules", OPERATOR, WHOLE, false, mw_api_alarm_rules),
    {"alarmSettingPut", "POST", "/v1/alarm-rules/settings", MW_API_OPERATOR, MW_API_ALL, true,
     false, 4096, mw_api_alarm_setting_put},
    {"alarmTry", "POST", "/v1/alarm-rules/dry-run", MW_API_OPERATOR, MW_API_ALL, true, false, 4096,
     mw_api_alarm_try},
    GET(meterAlarms, "/v1/meters/{id}/alarms", USER, OWN, true, mw_api_meter_alarms),
    {"meterThresholdPut", "POST", "/v1/meters/{id}/alarm-thresholds", MW_API_USER, MW_API_OWN, true,
     true, 4096, mw_api_meter_threshold_put},
    GET(foreignMessageList, "/v1/foreign-messages", OPERATOR, ALL, false,
        mw_api_foreign_message_list),
    GET(mappingList, "/v1/mappings", OPERATOR, ALL, false, mw_api_mapping_list),
    GET(mappingRead, "/v1/mappings/{name}", OPERATOR, ALL, false, mw_api_mapping_read),
    {"mappingWrite", "PUT", "/v1/mappings/{name}", MW_API_OPERATOR, MW_API_ALL, true, false,
     MW_MAPPING_BYTES_MAX, mw_api_mapping_write},
    {"mappingDelete", "DELETE", "/v1/mappings/{name}", MW_API_OPERATOR, MW_API_ALL, true, false,
     4096, mw_api_mapping_delete},
    {"importPreview", "POST", "/v1/imports/preview", MW_API_OPERATOR, MW_API_ALL, true, false,
     MW_API_TABLE_MAX, mw_api_import_preview},
    {"importCreate", "POST", "/v1/imports", MW_API_OPERATOR, MW_API_ALL, true, false,
     MW_API_TABLE_MAX, mw_api_import_create},
    GET(importList, "/v1/imports", OPERATOR, ALL, false, mw_api_import_list),
    {"importUndo", "DELETE", "/v1/imports/{import}", MW_API_OPERATOR, MW_API_ALL, true, false, 4096,
     mw_api_import_undo},
    GET(meterGreenButton, "/v1/meters/{id}/green-button.xml", USER, OWN, true,
        mw_api_meter_green_button),
    GET(exportCim, "/v1/export/meter-readings.xml", OPERATOR, AREA, false, mw_api_export_cim),
    GET(export80020, "/v1/export/80020.xml", OPERATOR, ALL, false, mw_api_export_80020),
    {"tariffMapWrite", "PUT", "/v1/tariff-maps/{name}", MW_API_OPERATOR, MW_API_ALL, true, false,
     MW_TOU_BYTES_MAX, mw_api_tou_write},
    GET(meterDeterminants, "/v1/meters/{id}/determinants", USER, OWN, true,
        mw_api_meter_determinants),
    {"snapshotCreate", "POST", "/v1/meters/{id}/snapshots", MW_API_OPERATOR, MW_API_ALL, true, true,
     4096, mw_api_snapshot_create},
    GET(snapshotList, "/v1/meters/{id}/snapshots", OPERATOR, ALL, true, mw_api_snapshot_list),
    {"uplinkCreate", "POST", "/v1/uplinks", MW_API_STATION, MW_API_NONE, false, false,
     MW_UPLINKS_BODY_MAX, mw_api_uplink_create},
    GET(downlinkStream, "/v1/downlinks", STATION, NONE, false, mw_api_downlink_stream),
    COMMAND(commandPing, "ping", FIELD),
    COMMAND(commandReadArchive, "read-archive", FIELD),
    COMMAND(commandReadConfiguration, "read-configuration", FIELD),
    COMMAND(commandSetConfiguration, "set-configuration", OPERATOR),
    COMMAND(commandSetTime, "set-time", FIELD),
    COMMAND(commandRelay, "relay", OPERATOR),
    {"commandTariffSchedule", "POST", "/v1/meters/{id}/commands/tariff-schedule", MW_API_OPERATOR,
     MW_API_ALL, true, true, 65536, mw_api_command_create},
    COMMAND(commandRestart, "restart", FIELD),
    COMMAND(commandRequestHealth, "request-health", FIELD),
    COMMAND(commandRotateKeys, "rotate-keys", OPERATOR),
    COMMAND(commandSendGroupKey, "send-group-key", OPERATOR),
    DO(broadcastCreate, "POST", "/v1/broadcasts", OPERATOR, ALL, 4096, mw_api_broadcast_create),
    GET(meterCommands, "/v1/meters/{id}/commands", OPERATOR, ALL, true, mw_api_meter_commands),
    GET(commandList, "/v1/commands", OPERATOR, AREA, false, mw_api_command_list),
    GET(commandRead, "/v1/commands/{command}", OPERATOR, AREA, false, mw_api_command_read),
    {"commandCancel", "DELETE", "/v1/commands/{command}", MW_API_OPERATOR, MW_API_AREA, true, false,
     4096, mw_api_command_cancel},
    GET(userList, "/v1/users", ADMIN, ALL, false, mw_api_user_list),
    DO(userCreate, "POST", "/v1/users", ADMIN, ALL, 4096, mw_api_user_create),
    GET(userRead, "/v1/users/{user}", ADMIN, ALL, false, mw_api_user_read),
    DO(userChange, "PUT", "/v1/users/{user}", ADMIN, ALL, 4096, mw_api_user_change),
    DO(userInvite, "POST", "/v1/users/{user}/invitation", ADMIN, ALL, 4096, mw_api_user_invite),
    GET(userSessions, "/v1/users/{user}/sessions", ADMIN, ALL, false, mw_api_user_sessions),
    DO(userSessionsEnd, "DELETE", "/v1/users/{user}/sessions", ADMIN, ALL, 4096,
       mw_api_user_sessions_end),
    DO(userFactorRemove, "DELETE", "/v1/users/{user}/second-factor", ADMIN, ALL, 4096,
       mw_api_user_factor_remove),
    GET(tokenList, "/v1/tokens", USER, OWN, false, mw_api_token_list),
    DO(tokenCreate, "POST", "/v1/tokens", USER, OWN, 4096, mw_api_token_create),
    DO(tokenDelete, "DELETE", "/v1/tokens/{token}", USER, OWN, 4096, mw_api_token_delete),
    GET(tokenAll, "/v1/tokens/all", ADMIN, ALL, false, mw_api_token_all),
    GET(ownSessions, "/v1/sessions", USER, OWN, false, mw_api_session_list),
    DO(ownSessionEnd, "DELETE", "/v1/sessions/{session}", USER, OWN, 4096, mw_api_session_revoke),
    DO(passwordChange, "POST", "/v1/session/password", USER, OWN, 4096, mw_api_password_change),
    GET(factorRead, "/v1/session/second-factor", USER, OWN, false, mw_api_factor_read),
    DO(factorBegin, "POST", "/v1/session/second-factor", USER, OWN, 4096, mw_api_factor_begin),
    DO(factorConfirm, "POST", "/v1/session/second-factor/confirmation", USER, OWN, 4096,
       mw_api_factor_confirm),
    DO(factorRemove, "POST", "/v1/session/second-factor/removal", USER, OWN, 4096,
       mw_api_factor_remove),
    {"invitationLook", "POST", "/v1/invitations/look", MW_API_PUBLIC, MW_API_NONE, false, false,
     4096, mw_api_invitation_look},
    {"invitationAccept", "POST", "/v1/invitations/accept", MW_API_PUBLIC, MW_API_NONE, false, false,
     4096, mw_api_invitation_accept},
    GET(auditList, "/v1/audit", AUDIT, ALL, false, mw_api_audit_list),
    GET(auditCheck, "/v1/audit/check", AUDIT, ALL, false, mw_api_audit_check),
    GET(tenantList, "/v1/tenants", HOST, ALL, false, mw_api_tenant_list),
    DO(tenantCreate, "POST", "/v1/tenants", HOST, ALL, 4096, mw_api_tenant_create),
    GET(settingList, "/v1/settings", AUDIT, ALL, false, mw_api_setting_list),
    DO(settingPut, "PUT", "/v1/settings/{setting}", ADMIN, ALL, 4096, mw_api_setting_put),
    GET(healthDetail, "/v1/health", AUDIT, ALL, false, mw_api_health_detail),
    GET(accessList, "/v1/access", USER, OWN, false, mw_api_access_list),
    DO(accessInvite, "POST", "/v1/access/{point}/invitations", USER, OWN, 4096,
       mw_api_access_invite),
    DO(accessAccept, "POST", "/v1/access", USER, OWN, 4096, mw_api_access_accept),
    DO(accessRevoke, "DELETE", "/v1/access/{point}/{grant}", USER, OWN, 4096, mw_api_access_revoke),
    GET(meterPeers, "/v1/meters/{id}/peers", USER, OWN, true, mw_api_peers_read),
    GET(handedOfMeter, "/v1/meters/{id}/handed-readings", USER, OWN, true, mw_api_handed_of_meter),
    {"handedCreate", "POST", "/v1/meters/{id}/handed-readings", MW_API_USER, MW_API_OWN, true, true,
     MW_STORE_PHOTO_MAX / 3 * 4 + 8192, mw_api_handed_create},
    GET(handedList, "/v1/handed-readings", OPERATOR, AREA, false, mw_api_handed_list),
    GET(handedPhoto, "/v1/meters/{id}/handed-readings/{reading}/photo", USER, OWN, true,
        mw_api_handed_photo),
    {"handedAccept", "POST", "/v1/meters/{id}/handed-readings/{reading}/acceptance",
     MW_API_OPERATOR, MW_API_ALL, true, true, 4096, mw_api_handed_accept},
    {"handedReject", "POST", "/v1/meters/{id}/handed-readings/{reading}/rejection", MW_API_OPERATOR,
     MW_API_ALL, true, true, 4096, mw_api_handed_reject},
    GET(absenceList, "/v1/meters/{id}/absences", USER, OWN, true, mw_api_absence_list),
    {"absenceCreate", "POST", "/v1/meters/{id}/absences", MW_API_USER, MW_API_OWN, true, true, 4096,
     mw_api_absence_create},
    {"absenceEnd", "DELETE", "/v1/meters/{id}/absences/{absence}", MW_API_USER, MW_API_OWN, true,
     true, 4096, mw_api_absence_end},
    GET(openapiRead, "/v1/openapi.json", PUBLIC, NONE, false, mw_api_openapi_read),
    GET(healthRead, "/healthz", PUBLIC, NONE, false, mw_api_health_read),
    GET(metricsRead, "/metrics", PUBLIC, NONE, false, mw_api_metrics_read),
};
const size_t mw_api_rows_n = sizeof mw_api_rows / sizeof mw_api_rows[0];

/* Not an operation: keeps unknown addresses under /v1/ from getting the web page. */
static const mw_api_row nothing_here = {
    .method = "GET", .pattern = "/v1/{rest...}", .role = MW_API_PUBLIC, .run = mw_api_nothing_here};

typedef struct route_context {
    mw_api *api;
    const mw_api_row *row;
    unsigned flags;
} route_context;

/* One context for each route of the one API of this process. */
static route_context *contexts_of(mw_api *api);

void mw_api_run(mw_api *api, mw_http_request *request, const mw_api_row *row, unsigned flags) {
    mw_api_call call = {
        .api = api, .http = request, .row = row, .flags = flags, .guest_from = MW_UTC_NONE};
    if (mw_api_check(&call))
        call.row->run(&call);
    mw_bytes_wipe(call.csrf, sizeof call.csrf);
}

static void handle(void *context, mw_http_request *request) {
    const route_context *c = context;
    mw_api_run(c->api, request, c->row, c->flags);
}

/* The API with what its routes point to. */
typedef struct api_block {
    mw_api api;
    route_context contexts[MW_HTTP_ROUTES_MAX];
} api_block;

static route_context *contexts_of(mw_api *api) {
    return ((api_block *)api)->contexts;
}

static mw_status add_route(mw_api *api, size_t i, const mw_api_row *row) {
    route_context *c = &contexts_of(api)[i];
    *c = (route_context){.api = api, .row = row, .flags = mw_api_flags(row)};
    mw_http_route route = {.method = row->method,
                           .pattern = row->pattern,
                           .handler = handle,
                           .context = c,
                           .body_max = row->body_max};
    return mw_http_server_route(api->o.server, &route);
}

static void tick(void *context) {
    mw_api_streams_tick(context);
    mw_api_watch_turn(context);
}

static mw_status start(mw_api *api) {
    MW_TRY(mw_fleets_new(api, &api->o, &api->fleets));
    MW_TRY(mw_timer_new(api->o.loop, tick, api, &api->ticker));
    mw_timer_start(api->ticker, api->o.overview_every, api->o.overview_every);
    mw_assert(mw_api_rows_n < MW_HTTP_ROUTES_MAX);
    for (size_t i = 0; i < mw_api_rows_n; i++)
        MW_TRY(add_route(api, i, &mw_api_rows[i]));
    return add_route(api, mw_api_rows_n, &nothing_here);
}

mw_status mw_api_open(const mw_api_options *options, mw_api **out_api) {
    MW_TRY(mw_secret_init());
    api_block *block = calloc(1, sizeof *block);
    if (block == NULL)
        return MW_NOMEM;
    mw_api *api = &block->api;
    api->o = *options;
    api->sessions = (mw_sessions){.store = options->store,
                                  .idle = options->session_idle,
                                  .longest = options->session_longest};
    mw_throttle_init(&api->by_login, mw_throttle_policy_login());
    mw_throttle_init(&api->by_address, mw_throttle_policy_address());
    mw_throttle_init(&api->by_code, mw_throttle_policy_login());
    mw_status s = start(api);
    if (s != MW_OK) {
        mw_api_close(api);
        return s;
    }
    *out_api = api;
    return MW_OK;
}

void mw_api_close(mw_api *api) {
    if (api == NULL)
        return;
    while (api->logins > 0 || api->trials > 0)
        mw_loop_run_once(api->o.loop, mw_dur_ms(50));
    mw_assert(api->streams_n == 0 && api->downlinks_n == 0 && api->exports == 0);
    mw_timer_free(api->ticker);
    mw_fleets_free(api->fleets);
    mw_api_stations_free(api);
    free(api);
}

void mw_api_set_failing(mw_api *api, bool failing) {
    api->failing = failing;
}
