/* SPDX-License-Identifier: Apache-2.0
 *
 * Roles of users.
 *
 *   administrator  everything an operator does, and users, tokens of others, tenants, settings
 *   operator       readings, validation, alarms, commands, imports
 *   engineer       sees what an operator sees; fits, removes and exchanges meters, asks them
 *   auditor        sees what an operator sees and the audit trail; changes nothing but the own account
 *   consumer       the own homes
 *
 * All but a consumer may be limited to an area: what lies outside does not exist to them.
 */
#ifndef MW_PLATFORM_ACCOUNTS_ROLE_H
#define MW_PLATFORM_ACCOUNTS_ROLE_H

#include <stdbool.h>

typedef enum mw_role {
    MW_ROLE_NONE, /* a name that is no role: may do nothing */
    MW_ROLE_CONSUMER,
    MW_ROLE_AUDITOR,
    MW_ROLE_ENGINEER,
    MW_ROLE_OPERATOR,
    MW_ROLE_ADMINISTRATOR,
} mw_role;

mw_role mw_role_of(const char *name);
/* Sees the tenant's meters and not only own ones. */
bool mw_role_is_staff(mw_role role);

#endif
