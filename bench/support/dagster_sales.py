# The three assets of examples/sales in Dagster, as its page on I/O managers writes them; bench/pipeline.ts runs it in a folder of its own.
import sys

import pandas as pd
from dagster import asset, materialize
from dagster_duckdb_pandas import DuckDBPandasIOManager


@asset(key_prefix=["public"])
def raw_sales() -> pd.DataFrame:
    return pd.read_csv("data/raw_sales.csv")


@asset(key_prefix=["public"])
def clean_sales(raw_sales: pd.DataFrame) -> pd.DataFrame:
    return raw_sales.fillna({"amount": 0})


@asset(key_prefix=["public"])
def sales_summary(clean_sales: pd.DataFrame) -> pd.DataFrame:
    summary = clean_sales.groupby("owner", as_index=False).agg(sales=("id", "count"), amount=("amount", "sum"))
    return summary.sort_values("amount", ascending=False)


result = materialize(
    [raw_sales, clean_sales, sales_summary],
    resources={"io_manager": DuckDBPandasIOManager(database="data/sales.duckdb")},
)
sys.exit(0 if result.success else 1)
