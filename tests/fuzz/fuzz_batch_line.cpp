// Hunts: a line of a batch that crashes its reader, a body that lies outside its line, and a result that is read beyond
// its end.
#include "service/base/ensure.h"
#include "service/providers/batch_line.h"
#include "service/providers/batch_result.h"

#include <cstdint>
#include <string_view>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace bursar;
    using namespace bursar::providers;
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    if (const auto line = read_batch_line(text)) {
        ENSURE(!line->custom_id.empty() && line->custom_id.size() <= custom_id_bytes_max);
        ENSURE(line->body.begin < line->body.end && line->body.end <= text.size());
        const std::string_view body = text.substr(line->body.begin, line->body.end - line->body.begin);
        ENSURE(body.front() == '{' && body.back() == '}');
        const auto again = read_prompt(line->endpoint, body);
        ENSURE(again && again->model == line->prompt.model && again->input_at_most == line->prompt.input_at_most);
    }
    if (const auto result = read_batch_result(text)) {
        ENSURE(!result->custom_id.empty());
        ENSURE(result->body.empty() || (result->body.data() >= text.data() &&
                                        result->body.data() + result->body.size() <= text.data() + text.size()));
    }
    if (const auto ask = read_batch_ask(text)) ENSURE(!ask->input_file.empty());
    if (const auto told = read_stored(text)) ENSURE(is_shelf_id(told->id));
    return 0;
}
