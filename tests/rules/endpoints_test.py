"""Hunts: a route outside the table of endpoints, and a row of it for which no test shows hold, settlement, refusal and record."""
import json
import re
import unittest

from repository import ROOT, code, sources, text

TABLE = "service/base/endpoint.h"
COLUMNS = ("hold", "settlement", "refusal", "row")


def rows_of_code():
    """name -> the rest of its row."""
    return dict(re.findall(r'EndpointFacts\{\s*Endpoint::\w+,\s*"(\w+)",(.*?)\},\n', text(TABLE), re.DOTALL))


def asked_by_callers():
    """Those of them that anybody can ask for; the others are how providers are asked."""
    return {name for name, rest in rows_of_code().items() if "Reached::at_providers_only" not in rest}


def rows_of_tests():
    lines = [line.split("\t") for line in text("tests/endpoints.tsv").splitlines() if line and not line.startswith("#")]
    return {line[0]: dict(zip(COLUMNS, line[1:], strict=True)) for line in lines}


def exists(reference):
    """FILE::NAME; a name that a loop makes is written `${name}: REST`, and `name: 'NAME'` stands in the file."""
    file, _, name = reference.partition("::")
    path = ROOT / "tests" / file
    if not path.is_file() or not name:
        return False
    words = path.read_text(encoding="utf-8")
    if file.endswith(".cpp"):
        suite, _, case = name.partition(".")
        return bool(re.search(rf"TEST(_F|_P)?\({suite},\s*{case}\)", words))
    subject, _, rest = name.partition(": ")
    made = f"`${{name}}: {rest}`" in words and f"name: '{subject}'" in words
    return made or f"'{name}'" in words


class Endpoints(unittest.TestCase):
    def test_every_endpoint_has_its_row_of_tests_and_no_row_is_of_none(self):
        self.assertGreater(len(rows_of_code()), 10)
        self.assertEqual(sorted(rows_of_tests()), sorted(asked_by_callers()), "tests/endpoints.tsv has a row for each endpoint that callers reach")

    def test_every_test_that_a_row_names_exists(self):
        missing = [f"{name}: {reference}" for name, row in rows_of_tests().items() for reference in row.values() if reference != "free" and not exists(reference)]
        self.assertEqual(missing, [])

    def test_nothing_is_free_but_what_the_table_holds_nothing_for(self):
        free = {name for name, rest in rows_of_code().items() if "Held::nothing" in rest}
        said = {name for name, row in rows_of_tests().items() if "free" in row.values()}
        self.assertEqual(said, free)
        for name, row in rows_of_tests().items():
            self.assertNotIn("free", (row["settlement"], row["row"]), f"{name} leaves a row as any other")

    def test_every_endpoint_of_the_enumeration_is_in_the_table(self):
        block = re.search(r"enum class Endpoint[^{]*\{(.*?)\}", code(TABLE), re.DOTALL).group(1)
        self.assertEqual(set(re.findall(r"\w+", block)), set(rows_of_code()))

    def test_the_description_of_calls_names_them_all(self):
        fields = json.loads(text("docs/reference/openapi.json"))["components"]["schemas"]["Call"]["properties"]
        self.assertEqual(fields["endpoint"]["enum"], [name for name in rows_of_code() if name in asked_by_callers()])

    def test_no_route_of_the_data_plane_stands_outside_the_table(self):
        # Gemini's verbs and the list of models are the rows that are not reached by their path.
        paths = re.findall(r'"(/v[12](?:beta)?/[^"]*)"', "".join(text(path) for path in sources("service/gateway") if not path.endswith("landing.cpp")))
        self.assertEqual(sorted(set(paths) - {"/v1/models", "/v1beta/models", "/v1beta/", "/v1/messages"}), [])


if __name__ == "__main__":
    unittest.main()
