/* SPDX-License-Identifier: Apache-2.0
 *
 * Statements about a whole fleet.
 */
#ifndef MW_PLATFORM_STORE_SQL_STATEMENTS_FLEET_H
#define MW_PLATFORM_STORE_SQL_STATEMENTS_FLEET_H

/* clang-format off: one statement per entry reads best as written */
#define MW_SQ_FLEET_STATEMENTS(X)                                                                  \
    X(DAY_TOTAL,                                                                                   \
      "SELECT count(*), coalesce(sum(n), 0) FROM chunks WHERE tenant = ?1 AND day = ?2")           \
    X(DAY_SUMS, "SELECT channel, n, total, quality FROM chunks WHERE tenant = ?1 AND day = ?2"     \
                " ORDER BY channel")                                                               \
    X(NEWEST_VALUES, "SELECT channel, obis, meter, value FROM newest WHERE tenant = ?1"            \
                     " ORDER BY channel, obis")
/* clang-format on */

#endif
