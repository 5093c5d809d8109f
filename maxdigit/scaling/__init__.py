"""Scoring millions of pictures, and serving models from a cluster. Ray is loaded only when it is asked for."""

ZIP, PARQUET = ".zip", ".parquet"  # endings of files that hold many pictures
