"""Libraries that load data and models through the hub's client: datasets, pandas, DuckDB, safetensors
and tokenizers, each with its own way to it. HF_ENDPOINT, HF_TOKEN and HF_HOME are set.

    python tools.py ada/name
"""

import json
import sys

import datasets
import duckdb
import numpy
import pandas
from huggingface_hub import HfApi, HfFileSystem, hf_hub_download
from safetensors import safe_open
from safetensors.numpy import load_file, save
from tokenizers import Tokenizer, models, pre_tokenizers

name = sys.argv[1]
api = HfApi()


def with_datasets():
    rows = {"text": [f"row {i}" for i in range(1000)], "label": [i % 3 for i in range(1000)]}
    datasets.Dataset.from_dict(rows).push_to_hub(name, private=True)
    loaded = datasets.load_dataset(name, split="train")
    assert loaded["text"] == rows["text"] and loaded["label"] == rows["label"]
    streamed = datasets.load_dataset(name, split="train", streaming=True)
    assert [row["text"] for row in streamed.take(3)] == rows["text"][:3]
    # A second configuration beside the first, and a split of it.
    datasets.Dataset.from_dict({"text": ["z"]}).push_to_hub(name, "other", split="test")
    assert datasets.load_dataset(name, "other", split="test")["text"] == ["z"]
    assert set(datasets.get_dataset_config_names(name)) == {"default", "other"}
    assert api.dataset_info(name).card_data["dataset_info"]


def with_pandas():
    frame = pandas.DataFrame({"a": range(100), "b": [str(i) for i in range(100)]})
    frame.to_csv(f"hf://datasets/{name}/table.csv", index=False)
    frame.to_parquet(f"hf://datasets/{name}/table.parquet")
    pandas.testing.assert_frame_equal(pandas.read_csv(f"hf://datasets/{name}/table.csv",
                                                      dtype={"b": str}), frame)
    pandas.testing.assert_frame_equal(pandas.read_parquet(f"hf://datasets/{name}/table.parquet"), frame)


def with_duckdb():
    connection = duckdb.connect()
    connection.register_filesystem(HfFileSystem())
    found = connection.sql(f"SELECT sum(a) FROM 'hf://datasets/{name}/table.parquet' WHERE a > 50")
    assert found.fetchall() == [(sum(range(51, 100)),)]
    found = connection.sql(f"SELECT count(*) FROM 'hf://datasets/{name}/table.csv'")
    assert found.fetchall() == [(100,)]


def with_safetensors():
    api.create_repo(name)
    tensors = {"w": numpy.arange(12, dtype="float32").reshape(3, 4), "b": numpy.zeros(3, "int64")}
    api.upload_file(path_or_fileobj=save(tensors), path_in_repo="model.safetensors", repo_id=name)
    path = hf_hub_download(name, "model.safetensors")
    assert (load_file(path)["w"] == tensors["w"]).all()
    with safe_open(path, framework="numpy") as file:
        assert set(file.keys()) == {"w", "b"}
    assert api.get_safetensors_metadata(name).parameter_count == {"F32": 12, "I64": 3}


def with_tokenizers():
    tokenizer = Tokenizer(models.WordLevel({"hello": 0, "hub": 1, "?": 2}, unk_token="?"))
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    api.upload_file(path_or_fileobj=tokenizer.to_str().encode(), path_in_repo="tokenizer.json",
                    repo_id=name)
    assert json.loads(tokenizer.to_str())
    # Its own loader is compiled in, and asks where HF_ENDPOINT says.
    loaded = Tokenizer.from_file(hf_hub_download(name, "tokenizer.json"))
    assert loaded.encode("hello hub").ids == [0, 1]


for step in (with_datasets, with_pandas, with_duckdb, with_safetensors, with_tokenizers):
    step()
    print(step.__name__, "works")
