/* SPDX-License-Identifier: Apache-2.0
 *
 * The steps that make the schema, inside the SQL stores. To add one: define its texts in
 * sql_schema_<topic>.c, declare them here and append a line to the list in sql_schema.c.
 * A step that is on the main branch is never changed, moved or removed: another one follows it.
 *
 * Times in tables are microseconds since 1970 UTC, `day` is days since 1970 UTC, `tenant` leads
 * every key.
 */
#ifndef MW_PLATFORM_STORE_SQL_SCHEMA_H
#define MW_PLATFORM_STORE_SQL_SCHEMA_H

#include <stddef.h>

/* [i] = the texts of step i + 1, NULL at the end. All texts run in one transaction together with
 * the record that they ran, so a database always stands between two steps. */
extern const char *const *const mw_sq_schema_steps[];
extern const int mw_sq_schema_count;

/* The last step of each release, for the tests of upgrades. */
enum { MW_SQ_SCHEMA_RELEASE_1 = 3 };

extern const char *const mw_sq_step_released_1[];
extern const char *const mw_sq_step_released_2[];
extern const char *const mw_sq_step_released_3[];
extern const char *const mw_sq_step_vee_1[];
extern const char *const mw_sq_step_values[];
extern const char *const mw_sq_step_commands[];
extern const char *const mw_sq_step_files[];
extern const char *const mw_sq_step_actions[];
extern const char *const mw_sq_step_foreign[];
extern const char *const mw_sq_step_model[];
extern const char *const mw_sq_step_accounts[];
extern const char *const mw_sq_step_vee_2[];
extern const char *const mw_sq_step_vee_3[];
extern const char *const mw_sq_step_console[];
extern const char *const mw_sq_step_alarms[];
extern const char *const mw_sq_step_notify[];
extern const char *const mw_sq_step_holds[];
extern const char *const mw_sq_step_charge[];
extern const char *const mw_sq_step_retention[];

#endif
