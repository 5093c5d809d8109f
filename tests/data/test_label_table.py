"""Labels as spreadsheets, pandas, NumPy and public data sets write them."""

from __future__ import annotations

from pathlib import Path

import pytest

from maxdigit.data.label_table import LabelRow, read_label_table
from maxdigit.errors import CompetitionFileError

NUMBERED = {"0": 8, "1": 7}
NAMED = {"a b.png": 8, "dir/é.png": 7}


@pytest.mark.parametrize(
    ("text", "labels"),
    [
        ("Id,Label\n0,8\n1,7\n", NUMBERED),
        ("id,label\r\n0,8\r\n1,7\r\n\r\n", NUMBERED),
        ("Id, Label\n0, 8\n1, 7\n", NUMBERED),
        ("Id;Label\n0;8,0\n1;7,0\n", NUMBERED),
        ("Id\tLabel\n0\t8\n1\t7\n", NUMBERED),
        ('"Id","Label"\n"0","8"\n"1","7"\n', NUMBERED),
        ("Label,Id\n8,0\n7,1\n", NUMBERED),
        (",Id,Label\n0,0,8.0\n1,1,7.0\n", NUMBERED),
        (",Label\n0,8.0\n1,7.0\n", NUMBERED),
        ("Label\n8\n7\n", NUMBERED),
        ("8\n7\n", NUMBERED),
        ("8.000e+00\n7.000e+00\n", NUMBERED),
        ("0,8\n1,7\n", NUMBERED),
        ("0 8\n1 7\n", NUMBERED),
        ("sep=;\nId;Label\n0;8\n1;7\n", NUMBERED),
        ("Id,Label,\n0,8,\n1,7,\n,,\n", NUMBERED),
        ("filename,label\na b.png,8\ndir/é.png,7\n", NAMED),
        ("file name;class\na b.png;8\ndir/é.png;7\n", NAMED),
        ("image,digits,max_digit\na b.png,1 8 3,8\ndir/é.png,7 0 7,7\n", NAMED),
        ("a b.png,8\ndir/é.png,7\n", NAMED),
    ],
)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252", "utf-16"])
def test_labels_are_read_in_many_forms(tmp_path: Path, text: str, labels: dict[str, int], encoding: str) -> None:
    path = tmp_path / "labels.csv"
    path.write_bytes(text.encode(encoding))
    assert {row.name: row.label for row in read_label_table(path)} == labels


def test_each_row_tells_its_line(tmp_path: Path) -> None:
    (tmp_path / "y.csv").write_text("\nname,label\n\na.png,4\n")
    assert read_label_table(tmp_path / "y.csv") == [LabelRow(4, "a.png", 4)]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"a,b\n1,2\n", "names its columns"),
        (b"name\na.png\n", "names its columns"),
        (b"a.png,b.png,3\n", "names its columns"),
        (b"name,label\na.png,12\n", "line 2: a name and a label from 0 to 9"),
        (b"name,label\na.png,nan\n", "line 2"),
        (b"name,label\na.png,-1\n", "line 2"),
        (b"name,label\na.png,7.5\n", "line 2"),
        (b"name,label\na.png,\n", "line 2"),
        (b"name,label\n,3\n", "line 2"),
        (b"name,label\na.png\n", "line 2"),
        (b"name,label\na.png,3,5\n", "line 2"),
        (b"name,label\n", "no labels"),
        (b"\n \n", "no labels"),
        (b"", "no labels"),
        (b"\xff\xfe\x00", "cannot be read"),
        (b"\x89PNG\r\n\x1a\n\x00\x81", "cannot be read"),
    ],
)
def test_other_tables_are_refused_in_words(tmp_path: Path, content: bytes, message: str) -> None:
    (tmp_path / "y.csv").write_bytes(content)
    with pytest.raises(CompetitionFileError, match=message):
        read_label_table(tmp_path / "y.csv")


def test_a_missing_and_an_endless_file_are_refused_in_words(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(CompetitionFileError, match="y.csv cannot be read"):
        read_label_table(tmp_path / "y.csv")
    monkeypatch.setattr("maxdigit.data.label_table.MAX_BYTES", 2_000_000)
    (tmp_path / "y.csv").write_bytes(bytes(2_000_001))
    with pytest.raises(CompetitionFileError, match="larger than 2 MB"):
        read_label_table(tmp_path / "y.csv")
