// Hunts: a price list from outside that makes its import crash, or whose import writes a document that Bursar then
// refuses.
#include "policies/documents.h"
#include "service/base/ensure.h"

#include <cstdint>
#include <string_view>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace bursar;
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    const auto imported = policies::import_litellm(text, "a list", *parse_timestamp("2026-11-23T12:00:00Z"));
    if (!imported) {
        ENSURE(!imported.error().for_caller.empty());
        return 0;
    }
    const policies::Parsed parsed = policies::parse({}, {imported->document}, 1);
    for (const policies::Problem& problem : parsed.problems) ENSURE(!problem.message().empty());
    ENSURE(parsed.problems.empty());
    return 0;
}
