"""Plain text, fastText and CoNLL."""

from __future__ import annotations

from collections import Counter

import pytest

from tamis.core import DataError


@pytest.fixture
def file(tmp_path, read):
    """Writes bytes to a file and reads it."""

    def write(content, name, **options):
        path = tmp_path / name
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return read(path, **options)

    return write


class TestPlainText:
    """One document a line."""

    def test_lines_are_documents_and_empty_ones_are_rejected_by_number(self, file):
        found = file('one\r\n\n "\n \t\ntwo, "three"\rlast', "a.txt")
        assert [row["text"] for row in found.rows] == ["one", ' "', 'two, "three"', "last"]
        assert [(reject.row, reject.reason) for reject in found.rejects] == [(2, "empty line"), (4, "empty line")]
        assert found.numbers == [1, 3, 5, 6]
        assert found.source.schema.text == ("text",)

    @pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "iso-8859-1", "cp1252"])
    def test_encodings_are_seen(self, file, encoding):
        assert file("naïve café\nzweite".encode(encoding), "a.txt").rows == [{"text": "naïve café"}, {"text": "zweite"}]

    def test_an_encoding_can_be_named(self, file):
        assert file("тест".encode("cp1251"), "a.txt", encoding="cp1251").rows == [{"text": "тест"}]

    def test_damage_in_utf_8_costs_its_line_only(self, file):
        found = file("öäüßé ñandú\n".encode() + b"br\xf6ken\nlast", "a.txt")
        assert [row["text"] for row in found.rows] == ["öäüßé ñandú", "last"]
        assert [(reject.row, reject.reason) for reject in found.rejects] == [(2, "not UTF-8: byte 0xf6 at position 3")]

    def test_line_ends_at_the_border_of_blocks(self, file, monkeypatch):
        monkeypatch.setattr("tamis.data.sources.lines._BLOCK_BYTES", 7)
        text = "\r\n".join(f"line {number}" for number in range(50))
        assert [row["text"] for row in file(text, "a.txt").rows] == text.split("\r\n")
        assert len(file(text.replace("\r\n", "\r"), "a.txt").rows) == 50

    def test_binary_is_refused(self, file):
        with pytest.raises(DataError, match=r"a\.txt is a picture, not text"):
            file(b"\x89PNG" + bytes(range(256)), "a.txt")


class TestFastText:
    """`__label__` lines."""

    def test_one_label_a_line_is_single_label(self, file, tamis, tmp_path):
        found = file("__label__spam free money\n\n__label__ham see you\nno label here\n", "a.txt")
        assert found.source.kind == "fasttext"
        assert found.rows == [
            {"text": "free money", "label": "spam"},
            {"text": "see you", "label": "ham"},
            {"text": "no label here", "label": None},
        ]
        assert [(reject.row, reject.reason) for reject in found.rejects] == [(2, "empty line")]
        assert tamis("data", "import", tmp_path / "a.txt", "--name", "a").code == 0
        assert '"labelled": 2' in tamis("data", "show", "a", "--json").out

    def test_two_labels_in_any_line_are_multi_label(self, file):
        found = file("__label__a one\n" * 5000 + "__label__a __label__b two __label__c\nnone\n", "a.ft")
        assert found.source.schema.label_form == "list"
        assert found.rows[0] == {"text": "one", "label": ["a"]}
        assert found.rows[-2:] == [{"text": "two", "label": ["a", "b", "c"]}, {"text": "none", "label": None}]

    def test_another_prefix(self, file):
        assert file("#a.b text #c\n", "a.ft", label_prefix="#").rows == [{"text": "text", "label": ["a.b", "c"]}]


class TestConll:
    """Tokens and tags."""

    def test_entities_become_spans_of_the_joined_text(self, file):
        found = file('Aspirin\tB-Drug\nhelps\tO\n"\tO\nheart\tB-Disease\nattacks\tI-Disease\n\nNo\tO\n', "a.conll")
        assert found.rows == [
            {
                "text": 'Aspirin helps " heart attacks',
                "label": [{"start": 0, "end": 7, "label": "Drug"}, {"start": 16, "end": 29, "label": "Disease"}],
                "tokens": ["Aspirin", "helps", '"', "heart", "attacks"],
            },
            {"text": "No", "label": [], "tokens": ["No"]},
        ]
        row = found.rows[0]
        assert row["text"][16:29] == "heart attacks"
        assert found.source.schema.label_form == "spans"

    @pytest.mark.parametrize(
        ("tags", "spans"),
        [
            ("B-X B-X O", [(0, 1), (2, 3)]),
            ("B-X I-X B-Y", [(0, 3), (4, 5)]),
            ("S-X B-Y E-Y", [(0, 1), (2, 5)]),
            ("U-X B-Y L-Y", [(0, 1), (2, 5)]),
            ("B-X I-Y I-Y", [(0, 1), (2, 5)]),
            ("I-X I-X O", [(0, 3)]),
            ("B-X O I-X", [(0, 1), (4, 5)]),
        ],
    )
    def test_schemes(self, file, tags, spans):
        found = file("".join(f"t\t{tag}\n" for tag in tags.split()), "a.conll")
        assert [(span["start"], span["end"]) for span in found.rows[0]["label"]] == spans

    def test_illegal_tags_are_counted(self, file):
        assert "inside_tags_without_a_beginning" not in file("a\tB-X\nb\tI-X\n", "a.conll").source.options
        assert file("a\tI-X\nb\tB-X\nc\tI-Y\n", "b.conll").source.options["inside_tags_without_a_beginning"] == 2

    def test_documents_are_groups(self, file):
        found = file(
            "-DOCSTART- -X- O O\n\nEU NNP B-NP B-ORG\n\nof IN O O\n\n-DOCSTART-\n\nUlm NNP O B-LOC\n", "a.conll"
        )
        assert [row["document"] for row in found.rows] == ["a.conll 1", "a.conll 1", "a.conll 2"]
        assert found.source.schema.group == "document"

    def test_a_broken_line_costs_its_sentence_only(self, file):
        found = file("ok\tO\n\nbad\nx\tB-Y\n\nworse\tnoun\n\nfine\tO\n", "a.conll")
        assert [row["text"] for row in found.rows] == ["ok", "fine"]
        assert found.numbers == [1, 4]
        assert [(reject.row, reject.reason) for reject in found.rejects] == [
            (2, "line 3: expected a token and a tag, found 'bad' alone"),
            (3, "line 6: 'noun' is no tag like O, B-Disease, I-Disease"),
        ]

    def test_no_sentence_at_all(self, file):
        with pytest.raises(DataError, match="no sentence of tokens with tags"):
            file("just some text\n", "a.conll")

    @pytest.mark.parametrize(
        ("part", "sentences", "tokens", "chemical", "disease"),
        [
            ("train", 4560, 118_170, 5203, 4182),
            ("devel", 4581, 117_453, 5347, 4246),
            ("test", 4797, 124_750, 5385, 4424),
        ],
    )
    @pytest.mark.slow
    def test_bc5cdr(self, shared, read, part, sentences, tokens, chemical, disease):
        found = read(shared(f"bc5cdr/{part}.tsv"))
        assert found.source.kind == "conll"
        assert not found.rejects
        assert "inside_tags_without_a_beginning" not in found.source.options
        rows = found.rows
        assert (len(rows), sum(len(row["tokens"]) for row in rows)) == (sentences, tokens)
        assert Counter(span["label"] for row in rows for span in row["label"]) == {
            "Chemical": chemical,
            "Disease": disease,
        }
