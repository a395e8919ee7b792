/* SPDX-License-Identifier: Apache-2.0 */
#include "platform/accounts/role.h"

#include <stddef.h>
#include <string.h>

mw_role mw_role_of(const char *name) {
    static const struct {
        const char *name;
        mw_role role;
    } roles[] = {{"consumer", MW_ROLE_CONSUMER},
                 {"auditor", MW_ROLE_AUDITOR},
                 {"engineer", MW_ROLE_ENGINEER},
                 {"operator", MW_ROLE_OPERATOR},
                 {"administrator", MW_ROLE_ADMINISTRATOR}};
    for (size_t i = 0; i < sizeof roles / sizeof roles[0]; i++)
        if (strcmp(roles[i].name, name) == 0)
            return roles[i].role;
    return MW_ROLE_NONE;
}

bool mw_role_is_staff(mw_role role) {
    return role > MW_ROLE_CONSUMER;
}
