"""Hunts: a header that takes a name of the standard library from nowhere. Each header is compiled with nothing of ours before it, by its own .cpp or
alone (the target headers), but with the common headers of cmake/common_headers.cmake before it, which hide just that."""
import functools
import re
import unittest

from repository import code, sources, text, tracked

# <utility>, <type_traits> and <cstdint> come with every container.
HOME = {
    "algorithm": r"(?:ranges::)?(?:sort|find|find_if|any_of|all_of|none_of|min|max|clamp|lower_bound|copy|fill|equal|count_if|transform)\(",
    "array": r"array\b",
    "atomic": r"(?:atomic\b|memory_order)",
    "charconv": r"(?:from_chars|to_chars)\b",
    "chrono": r"chrono\b",
    "compare": r"(?:strong|weak|partial)_ordering",
    "condition_variable": r"condition_variable\b",
    "coroutine": r"coroutine",
    "deque": r"deque\b",
    "exception": r"exception_ptr",
    "expected": r"(?:expected|unexpected)\b",
    "filesystem": r"filesystem\b",
    "fstream": r"[io]?fstream\b",
    "functional": r"(?:function|move_only_function|hash|reference_wrapper)\b",
    "initializer_list": r"initializer_list\b",
    "limits": r"numeric_limits\b",
    "list": r"list\b",
    "map": r"(?:multi)?map\b",
    "memory": r"(?:unique_ptr|shared_ptr|weak_ptr|make_unique|make_shared|enable_shared_from_this)\b",
    "mutex": r"(?:mutex|lock_guard|unique_lock|scoped_lock|once_flag)\b",
    "optional": r"(?:optional|nullopt)\b",
    "queue": r"(?:priority_)?queue\b",
    "random": r"(?:mt19937|uniform_int)",
    "set": r"(?:multi)?set\b",
    "span": r"span\b",
    "sstream": r"[io]?stringstream",
    "string": r"(?:string|to_string|stoi|getline)\b",
    "string_view": r"string_view\b",
    "system_error": r"(?:error_code|errc|system_error)\b",
    "thread": r"(?:thread|jthread|this_thread)\b",
    "tuple": r"(?:tuple|tie|apply)\b",
    "unordered_map": r"unordered_map\b",
    "unordered_set": r"unordered_set\b",
    "variant": r"(?:variant|visit|monostate|get_if|holds_alternative)\b",
    "vector": r"vector\b",
}
OURS = frozenset(tracked())


@functools.cache
def reached(path):
    """The standard headers that a header of ours includes, by itself or by headers of ours."""
    found = set(re.findall(r"#include <([a-z_]+)>", text(path)))
    for other in re.findall(r'#include "([^"]+)"', text(path)):
        if other in OURS:
            found |= reached(other)
    return frozenset(found)


def lacking(path):
    return sorted(header for header, names in HOME.items() if header not in reached(path) and re.search(rf"\bstd::{names}", code(path)))


class Includes(unittest.TestCase):
    def test_a_header_includes_what_it_names(self):
        wrong = [f"{path} names something of <{header}> and includes it nowhere"
                 for path in sources("service/", "policies/", "auth/", "integrations/", "installer/", suffixes=(".h",)) for header in lacking(path)]
        self.assertEqual(wrong, [])

    def test_a_source_begins_with_its_header(self):
        wrong = []
        for path in sources("service/", "policies/", "auth/", "integrations/", "installer/", suffixes=(".cpp",)):
            header = path.removesuffix(".cpp") + ".h"
            first = re.search(r'^#include [<"]([^">]+)', text(path), re.M)
            if header in OURS and (first is None or first[1] != header):
                wrong.append(f'{path} does not begin with #include "{header}", so nothing shows that the header is whole')
        self.assertEqual(wrong, [])

    def test_common_headers_hide_nothing_that_is_not_looked_for(self):
        listed = set(re.findall(r"<([a-z_]+)>", text("cmake/common_headers.cmake"))) - {"cstdint", "cstring", "utility"}
        self.assertEqual(sorted(listed - set(HOME)), [], "give these a row above")


if __name__ == "__main__":
    unittest.main()
