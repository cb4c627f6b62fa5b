#include "simulate/catalogue.h"

#include "simulate/brute_force.h"

namespace thalweg::tests {
namespace {

constexpr Query kCatalogue[] = {
    {.name = "filter",
     .columns = "id BIGINT, k TEXT, y BIGINT",
     .text = "SELECT id, k, v * 2 FROM events WHERE v > 10",
     .expected = expect_filter},
    {.name = "tumble",
     .columns = "s TIMESTAMP, k TEXT, n BIGINT, t BIGINT, m BIGINT",
     .text = "SELECT window_start, k, count(*), sum(v), max(v) FROM "
             "TUMBLE(events, ts, INTERVAL '10 seconds') GROUP BY window_start, window_end, k",
     .expected = expect_tumble},
    {.name = "hop",
     .columns = "s TIMESTAMP, k TEXT, n BIGINT, a BIGINT, b BIGINT",
     .text = "SELECT window_start, k, count(*), min(v), max(v) FROM "
             "HOP(events, ts, INTERVAL '3 seconds', INTERVAL '10 seconds') "
             "GROUP BY window_start, window_end, k"},
    {.name = "cumulate",
     .columns = "s TIMESTAMP, e TIMESTAMP, n BIGINT",
     .text = "SELECT window_start, window_end, count(DISTINCT k) FROM "
             "CUMULATE(events, ts, INTERVAL '5 seconds', INTERVAL '20 seconds') "
             "GROUP BY window_start, window_end"},
    {.name = "session",
     .columns = "k TEXT, s TIMESTAMP, e TIMESTAMP, n BIGINT, t BIGINT",
     .text = "SELECT k, window_start, window_end, count(*), sum(v) FROM "
             "SESSION(events PARTITION BY k, ts, INTERVAL '2 seconds') "
             "GROUP BY k, window_start, window_end",
     .expected = expect_session},
    {.name = "session_rows",
     .columns = "id BIGINT, s TIMESTAMP, e TIMESTAMP",
     .text = "SELECT id, window_start, window_end FROM "
             "SESSION(events PARTITION BY k, ts, INTERVAL '3 seconds')"},
    {.name = "session_changes",
     .columns = "k TEXT, s TIMESTAMP, e TIMESTAMP, n BIGINT, l TEXT",
     .text = "SELECT k, window_start, window_end, count(*), array_agg(v)::TEXT FROM "
             "SESSION(events PARTITION BY k, ts, INTERVAL '2 seconds') "
             "GROUP BY k, window_start, window_end EMIT CHANGES",
     .rows = Rows::kChanges},
    {.name = "lateness",
     .columns = "s TIMESTAMP, n BIGINT",
     .text = "SELECT window_start, count(*) FROM TUMBLE(events, ts, INTERVAL '10 seconds') "
             "GROUP BY window_start, window_end "
             "EMIT ON WINDOW CLOSE WITH LATENESS INTERVAL '15 seconds'",
     .rows = Rows::kChanges},
    {.name = "window_changes",
     .columns = "s TIMESTAMP, k TEXT, n BIGINT, d BIGINT",
     .text = "SELECT window_start, k, count(*), count(DISTINCT v) FROM "
             "HOP(events, ts, INTERVAL '5 seconds', INTERVAL '10 seconds') "
             "GROUP BY window_start, window_end, k EMIT CHANGES",
     .rows = Rows::kChanges},
    {.name = "group",
     .columns = "k TEXT, n BIGINT, t BIGINT, m BIGINT",
     .text = "SELECT k, count(*), sum(v), max(v) FROM events GROUP BY k EMIT CHANGES",
     .rows = Rows::kChanges,
     .expected = expect_group},
    {.name = "upsert",
     .columns = "k TEXT, n BIGINT, d BIGINT, x DOUBLE",
     .text = "SELECT k, count(*), count(DISTINCT v % 7), sum(x) FROM events GROUP BY k "
             "EMIT CHANGES",
     .rows = Rows::kUpserts},
    {.name = "group_again",
     .columns = "n BIGINT, keys BIGINT, t BIGINT",
     .text = "SELECT n, count(*), max(t) FROM (SELECT k, count(*) AS n, sum(v) AS t FROM events "
             "GROUP BY k) AS c GROUP BY n EMIT CHANGES",
     .rows = Rows::kChanges},
    {.name = "sets",
     .columns = "k TEXT, p BIGINT, n BIGINT",
     .text = "SELECT k, v % 3, count(*) FROM events GROUP BY GROUPING SETS ((k), (v % 3), ()) "
             "EMIT CHANGES",
     .rows = Rows::kChanges},
    {.name = "total",
     .columns = "n BIGINT, t BIGINT",
     .text = "SELECT count(*), sum(v) FROM events EMIT CHANGES",
     .rows = Rows::kChanges,
     .expected = expect_total},
    {.name = "distinct",
     .columns = "k TEXT, v BIGINT",
     .text = "SELECT DISTINCT k, v FROM events EMIT CHANGES",
     .rows = Rows::kAppended},
    {.name = "top",
     .columns = "k TEXT, id BIGINT, v BIGINT, r BIGINT",
     .text = "SELECT k, id, v, row_number() OVER (PARTITION BY k ORDER BY v DESC NULLS LAST, id) "
             "AS r FROM events QUALIFY r <= 3 EMIT CHANGES",
     .rows = Rows::kChanges,
     .expected = expect_top},
    {.name = "window_top",
     .columns = "s TIMESTAMP, k TEXT, id BIGINT, r BIGINT",
     .text = "SELECT window_start, k, id, row_number() OVER (PARTITION BY window_start, "
             "window_end, k ORDER BY v DESC, id) AS r FROM "
             "TUMBLE(events, ts, INTERVAL '10 seconds') QUALIFY r <= 2"},
    {.name = "first",
     .columns = "k TEXT, v BIGINT, id BIGINT",
     .text = "SELECT k, v, id FROM events QUALIFY row_number() OVER "
             "(PARTITION BY k, v ORDER BY ts) = 1",
     .expected = expect_first},
    {.name = "last",
     .columns = "k TEXT, id BIGINT",
     .text = "SELECT k, id FROM events QUALIFY row_number() OVER "
             "(PARTITION BY k ORDER BY ts DESC) = 1 EMIT CHANGES",
     .rows = Rows::kChanges},
    {.name = "first_of_groups",
     .columns = "k TEXT, n BIGINT",
     .text = "SELECT k, n FROM (SELECT k, count(*) AS n FROM events GROUP BY k) AS c "
             "ORDER BY n DESC, k LIMIT 3 EMIT CHANGES",
     .rows = Rows::kChanges},
    {.name = "over",
     .columns = "id BIGINT, n BIGINT, t BIGINT, a DOUBLE",
     .text = "SELECT id, count(*) OVER w, sum(v) OVER w, avg(x) OVER (PARTITION BY k ORDER BY ts "
             "RANGE BETWEEN INTERVAL '3 seconds' PRECEDING AND CURRENT ROW) FROM events WINDOW w "
             "AS (PARTITION BY k ORDER BY ts ROWS BETWEEN 4 PRECEDING AND CURRENT ROW)"},
    {.name = "over_neighbours",
     .columns = "id BIGINT, a BIGINT, b BIGINT, m BIGINT",
     .text = "SELECT id, lag(v, 2) OVER w, lead(id) OVER w, max(v) OVER (PARTITION BY k ORDER BY "
             "ts RANGE BETWEEN INTERVAL '5 seconds' PRECEDING AND INTERVAL '2 seconds' FOLLOWING) "
             "FROM events WINDOW w AS (PARTITION BY k ORDER BY ts)"},
    {.name = "sorted",
     .columns = "id BIGINT, ts TIMESTAMP",
     .text = "SELECT id, ts FROM events ORDER BY ts"},
    {.name = "count_windows",
     .columns = "k TEXT, w BIGINT, n BIGINT, t BIGINT",
     .text = "SELECT k, window_number, count(*), sum(v) FROM "
             "TUMBLE_ROWS(events PARTITION BY k, ts, 4) GROUP BY k, window_number"},
    {.name = "count_hops",
     .columns = "k TEXT, w BIGINT, n BIGINT, m BIGINT",
     .text = "SELECT k, window_number, count(*), min(v) FROM "
             "HOP_ROWS(events PARTITION BY k, ts, 2, 5) GROUP BY k, window_number"},
    {.name = "cascade",
     .columns = "s TIMESTAMP, n BIGINT, m BIGINT",
     .text = "SELECT window_start, sum(n), max(n) FROM TUMBLE((SELECT window_time AS wt, count(*) "
             "AS n FROM TUMBLE(events, ts, INTERVAL '1 second') GROUP BY window_start, window_end, "
             "window_time), wt, INTERVAL '15 seconds') GROUP BY window_start, window_end"},
    {.name = "session_cascade",
     .columns = "s TIMESTAMP, n BIGINT",
     .text = "SELECT window_start, count(*) FROM TUMBLE((SELECT window_time AS wt FROM "
             "SESSION(events PARTITION BY k, ts, INTERVAL '2 seconds') GROUP BY k, window_start, "
             "window_end, window_time), wt, INTERVAL '10 seconds') "
             "GROUP BY window_start, window_end"},
    {.name = "both",
     .columns = "s TIMESTAMP, k TEXT, n BIGINT, t BIGINT",
     .text = "SELECT window_start, k, count(*), sum(v) FROM TUMBLE((SELECT k, v, ts FROM events "
             "UNION ALL SELECT k, v, ts FROM others WHERE v > 5), ts, INTERVAL '10 seconds') "
             "GROUP BY window_start, window_end, k"},
    {.name = "group_both",
     .columns = "k TEXT, n BIGINT",
     .text = "SELECT k, count(*) FROM (SELECT k FROM events UNION ALL SELECT k FROM others) AS u "
             "GROUP BY k EMIT CHANGES",
     .rows = Rows::kChanges},
    {.name = "joined",
     .columns = "x BIGINT, y BIGINT",
     .text = "SELECT e.id, o.id FROM events AS e FULL JOIN others AS o ON e.k = o.k AND o.ts "
             "BETWEEN e.ts - INTERVAL '2 seconds' AND e.ts + INTERVAL '3 seconds' AND e.v <= o.v",
     .expected = expect_joined},
    {.name = "joined_up_to_column",
     .columns = "x BIGINT, y BIGINT, m BIGINT",
     .text = "SELECT e.id, o.id, o.v FROM events AS e LEFT JOIN others AS o ON e.k = o.k AND o.ts "
             "BETWEEN e.ts AND e.ts + e.v % 6 * INTERVAL '1 second'"},
    {.name = "with_partner",
     .columns = "k TEXT, id BIGINT",
     .text = "SELECT e.k, e.id FROM events AS e SEMI JOIN others AS o ON e.k = o.k AND o.ts "
             "BETWEEN e.ts - INTERVAL '1 second' AND e.ts + INTERVAL '4 seconds' AND e.v <> o.v"},
    {.name = "windows_of_rows_alone",
     .columns = "s TIMESTAMP, n BIGINT",
     .text = "SELECT window_start, count(*) FROM TUMBLE((SELECT e.ts FROM events AS e ANTI JOIN "
             "others AS o ON e.v = o.v AND o.ts BETWEEN e.ts - INTERVAL '3 seconds' AND e.ts + "
             "INTERVAL '3 seconds'), ts, INTERVAL '10 seconds') GROUP BY window_start, window_end"},
    {.name = "joined_in_windows",
     .columns = "s TIMESTAMP, x BIGINT, y BIGINT",
     .text =
         "SELECT e.window_start, e.id, o.id FROM HOP(events, ts, INTERVAL '5 seconds', INTERVAL "
         "'10 seconds') AS e FULL JOIN HOP(others, ts, INTERVAL '5 seconds', INTERVAL '10 "
         "seconds') AS o ON e.k = o.k AND e.v <= o.v AND e.window_start = o.window_start AND "
         "e.window_end = o.window_end"},
    {.name = "joined_by_keys",
     .columns = "x BIGINT, y BIGINT",
     .text = "SELECT e.id, o.id FROM events AS e FULL JOIN others AS o ON e.k = o.k AND e.v < o.v "
             "EMIT CHANGES",
     .rows = Rows::kChanges},
    {.name = "joined_groups",
     .columns = "k TEXT, n BIGINT, m BIGINT",
     .text = "SELECT e.k, e.n, o.m FROM (SELECT k, count(*) AS n FROM events GROUP BY k) AS e LEFT "
             "JOIN (SELECT k, max(v) AS m FROM others GROUP BY k) AS o ON e.k = o.k EMIT CHANGES",
     .rows = Rows::kChanges},
    {.name = "late",
     .columns = "id BIGINT, s TIMESTAMP",
     .text = "SELECT id, window_start FROM LATE(judged)"},
    {.name = "watched",
     .columns = "k TEXT, why TEXT, n BIGINT, t BIGINT",
     .text = "SELECT k, why, n, t FROM watched",
     .expected = expect_watched},
    {.name = "surveyed",
     .columns = "k TEXT, n BIGINT, t BIGINT",
     .text = "SELECT k, n, t FROM surveyed",
     .expected = expect_surveyed},
};

}  // namespace

std::span<const Query> catalogue() { return kCatalogue; }

}  // namespace thalweg::tests
