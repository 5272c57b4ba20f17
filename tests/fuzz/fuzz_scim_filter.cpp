// Hunts: a filter or path of SCIM that crashes its reader, or is read as more than it says.
#include "auth/scim/filter.h"
#include "service/base/ensure.h"

#include <cstdint>
#include <string_view>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace bursar::scim;
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    if (const auto filter = parse_filter(text)) {
        ENSURE(!filter->empty() && filter->size() <= terms_max && size <= filter_bytes_max);
        for (const Comparison& each : *filter) ENSURE(!each.path.attribute.empty() && each.value.size() <= size);
    } else {
        ENSURE(filter.error().status == 400 && !filter.error().detail.empty());
    }
    if (const auto path = parse_path(text)) {
        ENSURE(!path->attribute.empty() && path->filter.size() <= terms_max);
        ENSURE(!path->sub || !path->sub->empty());
    }
    return 0;
}
