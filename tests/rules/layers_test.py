"""Hunts: an include that goes against the link table (it compiles, because every folder is below one root), and third-party headers
outside the few places that know them."""
import re
import unittest

from repository import layer_of, may_link, sources, text

# Where each library's headers may stand. docs/dependencies.md has the reasons.
HOMES = {
    r"boost/": ("edge", "providers", "gateway", "daemon", "demo"),
    r"openssl/": ("base", "edge", "providers", "vault", "daemon", "oidc", "ldap", "setup"),
    r"(SQLiteCpp/|sqlcipher/|sqlite3)": ("store",),
    r"Poco/": ("admin", "daemon"),
    r"yaml-cpp/": ("policies",),
    r"Q[A-Z]": ("ctl", "courier", "setup"),
    r"simdjson": ("providers", "gateway", "policies", "admin", "demo", "oidc", "scim", "staff", "integrations", "outbox"),
    r"argon2": ("vault", "auth"),
    r"(ldap|lber)": ("ldap",),
    r"curl/": ("oidc", "courier", "backup", "daemon"),
    r"(cairo|pango/|fontconfig/)": ("drawing",),
    r"absl/": ("base", "policies"),
}
# Headers of ours that may show a third party's types: the one that gives Asio its names here, the edge's own about sockets, and the
# walk through JSON that the readers of answers share.
SHOWS_THIRD_PARTY = {"service/edge/async.h", "service/edge/socket.h", "service/providers/json_walk.h"}
STANDARD_OR_SYSTEM = re.compile(r"^<(?:[a-z_0-9]+(?:\.h)?|(?:sys|netinet|arpa|net|linux)/[a-z_0-9]+\.h)>$")


def includes(path):
    for number, line in enumerate(text(path).split("\n"), 1):
        match = re.match(r'\s*#\s*include\s*([<"][^>"]+[>"])', line)
        if match:
            yield number, match.group(1)


class Layers(unittest.TestCase):
    def test_a_folder_includes_only_headers_of_layers_that_it_may_link(self):
        wrong = []
        for path in sources("service/", "policies/", "auth/", "integrations/", "installer/"):
            layer = layer_of(path)
            for number, name in includes(path):
                if name.startswith("<"):
                    continue
                other = layer_of(name.strip('"'))
                if other is None:
                    wrong.append(f"{path}:{number}: write the include from the root of the repository, not {name}")
                elif other != layer and other not in may_link().get(layer, []):
                    wrong.append(f"{path}:{number}: {layer} may not know {other} (cmake/layers.cmake)")
        self.assertEqual(wrong, [])

    def test_the_table_has_a_row_for_every_folder(self):
        self.assertLessEqual({layer_of(path) for path in sources("service/", "policies/", "auth/", "installer/")}, set(may_link()))

    def test_third_party_headers_stay_at_home(self):
        wrong = []
        for path in sources("service/", "policies/", "auth/", "integrations/", "installer/"):
            for number, name in includes(path):
                for pattern, homes in HOMES.items():
                    if re.match(pattern, name[1:]) and name.startswith("<") and layer_of(path) not in homes:
                        wrong.append(f"{path}:{number}: {name} belongs in {', '.join(homes)} only")
        self.assertEqual(wrong, [])

    def test_our_headers_show_no_third_party(self):
        wrong = []
        for path in sources("service/", "policies/", "auth/", "integrations/", "installer/", suffixes=(".h",)):
            if path in SHOWS_THIRD_PARTY:
                continue
            for number, name in includes(path):
                if name.startswith("<") and not STANDARD_OR_SYSTEM.match(name) or re.match(r"<(fmt|simdjson|argon2)", name):
                    wrong.append(f"{path}:{number}: {name}")
        self.assertEqual(wrong, [], "third-party headers are slow and leak names; keep them in .cpp files")


if __name__ == "__main__":
    unittest.main()
