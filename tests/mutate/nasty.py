"""A hundred values that break what handles SQL or JSON as text."""
# ruff: noqa: E501, RUF001 - a table; its strange letters are the point

from __future__ import annotations

NASTY = [
    "O'Brien, \"Acme\", Inc; DROP TABLE x -- \n 日本 NULL 1e3 true",
    "", " ", "  leading and trailing  ", "\t", "\n", "\r\n", "\r", "a\nb\n\nc", "\x0b\x0c",
    "'", "''", "'''", '"', '""', "`", "\\", "\\\\", "\\'", "\\n", "\\u0041", "\\x41", "%", "%%", "%s", "%(a)s", "_",
    ";", "; DROP TABLE customers; --", "--", "-- comment", "/*", "*/", "/* a */", "/* /* */ */", "#", "$$", "$tag$ x $tag$",
    "E'\\n'", "x'41'", "U&'\\0041'", "$1", "?", ":name", "@name", "{name}", "{{name}}", "{id}", "{", "}", "${HOME}", "{+id}",
    "NULL", "null", "None", "nan", "NaN", "Infinity", "-inf", "true", "false", "TRUE", "DEFAULT", "CURRENT_TIMESTAMP",
    "1", "01", "1.0", "1.10", "-0", "1e3", "1E400", "0x10", "1_000", "9007199254740993", "3.14159265358979323846",
    "2024-01-01", "2024-01-01T00:00:00Z", "2024-13-45", "12:00", "00000000-0000-0000-0000-000000000000",
    "[]", "{}", "[1, 2]", '{"a": 1}', '{"a": {"b": "\\""}}', "[null]", '"quoted"', "a,b,c", "a;b;c", "a|b", "a=b&c=d", "a+b c",
    "日本語", "Ünïcödé", "e\u0301", "\u200b", "\u202e reversed", "\ufeffbom", "\U0001f468\u200d\U0001f469\u200d\U0001f467",
    "\U0001f600", "𝔘𝔫𝔦", "\u0000nul", "\x01\x02\x1f\x7f", "\u0085\u2028\u2029", "<script>alert(1)</script>", "&amp; <b>",
    "SELECT * FROM t", "a' OR '1'='1", "Robert'); DROP TABLE Students;--", "../../etc/passwd", "http://x/?a=b&c=%20#d",
    "=cmd|' /C calc'!A0", "x" * 5000, "'" * 300, '"' * 300, "é" * 1000,
]  # fmt: skip
