"""ALS of Spark's MLlib on this machine, ``local[2]``; pyspark needs a Java. Imported without it."""

from __future__ import annotations

import os
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import scipy.sparse as sp

HEAP_GB = 12
THREADS = 2


@dataclass(frozen=True)
class Fitted:
    """Factors (n, d) and (m, d), seconds of the fit, and the peak memory of the Java process."""

    users: np.ndarray
    items: np.ndarray
    seconds: float
    peak_mb: float


def _session() -> Any:
    from pyspark.sql import SparkSession

    os.environ.update(PYSPARK_PYTHON=sys.executable, SPARK_LOCAL_IP="127.0.0.1", OPENBLAS_NUM_THREADS="1")
    settings = {
        "spark.driver.memory": f"{HEAP_GB}g",
        "spark.driver.bindAddress": "127.0.0.1",
        "spark.driver.host": "127.0.0.1",
        "spark.ui.enabled": "false",
        "spark.ui.showConsoleProgress": "false",
        "spark.sql.shuffle.partitions": "8",
        "spark.driver.extraJavaOptions": "--add-modules=jdk.incubator.vector",
    }
    builder = SparkSession.builder.master(f"local[{THREADS}]")
    for name, value in settings.items():
        builder = builder.config(name, value)
    return builder.getOrCreate()


def _java_peak_mb(session: Any) -> float:
    pid = session.sparkContext._jvm.java.lang.ProcessHandle.current().pid()
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(float(line.split()[1]) for line in lines if line.startswith("VmHWM")) * 1024 / 1e6


def _factors(frame: Any, count: int, rank: int) -> np.ndarray:
    found, rows = np.zeros((count, rank), np.float32), frame.toPandas()
    found[rows["id"].to_numpy()] = np.stack(rows["features"].to_numpy())
    return found


def fit_als(train: sp.csr_array, **options: Any) -> Fitted:
    """Fit on the cells of (n, m) ratings, which Spark holds in memory before it is timed.

    Args:
        options: of ``pyspark.ml.recommendation.ALS``.
    """
    from pyspark.ml.recommendation import ALS

    session, cells = _session(), train.tocoo()
    session.sparkContext.setLogLevel("ERROR")
    with tempfile.TemporaryDirectory(prefix="coterie-spark-") as folder:
        columns = {"user": cells.row.astype(np.int32), "item": cells.col.astype(np.int32), "rating": cells.data}
        pl.DataFrame(columns).write_parquet(f"{folder}/train.parquet")
        rows = session.read.parquet(f"{folder}/train.parquet").repartition(4 * THREADS).cache()
        rows.count()
        settings = ALS(userCol="user", itemCol="item", ratingCol="rating", **options)
        start = time.perf_counter()
        model = settings.fit(rows)
        users, items = model.userFactors, model.itemFactors
        items.count(), users.count()
        seconds = time.perf_counter() - start
        rank = options["rank"]
        found = _factors(users, train.shape[0], rank), _factors(items, train.shape[1], rank)
    peak = _java_peak_mb(session)
    session.stop()
    return Fitted(*found, seconds, peak)
