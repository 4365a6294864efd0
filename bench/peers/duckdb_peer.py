"""DuckDB behind a pipe: a JSON object a line in, one out.

{"sql": text} runs a statement and answers {"cpu_ms", "wall_ms", "rows"} or {"error"}.
CPU time is that of the whole process, all threads. Decimals and dates are text, so that nothing is
rounded on the way.
"""

import json
import sys
import time

import duckdb


def plain(value):
    if value is None or isinstance(value, (int, float)):
        return value
    return str(value)


def run(connection, sql):
    cpu, wall = time.process_time(), time.perf_counter()
    rows = connection.execute(sql).fetchall()
    cpu, wall = time.process_time() - cpu, time.perf_counter() - wall
    rows = [[plain(value) for value in row] for row in rows]
    return {"cpu_ms": cpu * 1e3, "wall_ms": wall * 1e3, "rows": rows}


def main():
    path, threads = sys.argv[1:]
    connection = duckdb.connect(path, config={"threads": int(threads)})
    for line in sys.stdin:
        try:
            answer = run(connection, json.loads(line)["sql"])
        except duckdb.Error as error:
            answer = {"error": str(error)}
        print(json.dumps(answer), flush=True)


main()
