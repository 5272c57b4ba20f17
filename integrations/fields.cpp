#include "integrations/fields.h"

#include <fmt/format.h>

namespace bursar::integrations {

std::unexpected<Error> wrong_field(std::string_view name, std::string_view why) {
    return fail(Fault::invalid_request, fmt::format("\"{}\" {}.", name, why));
}

Result<std::string> read_text(const Json& from, std::string_view name, TextLimit limit) {
    const Json& value = from.at(name);
    if (value.is_null() && limit.may_be_empty) return std::string();
    if (!value.is_text()) return wrong_field(name, "must be text");
    if (value.text().size() > limit.bytes_max)
        return wrong_field(name, fmt::format("has more than {} bytes", limit.bytes_max));
    if (value.text().empty() && !limit.may_be_empty) return wrong_field(name, "must not be empty");
    return std::string(value.text());
}

Result<std::map<std::string, std::string>> read_texts(const Json& from, std::string_view name, std::size_t count_max,
                                                      std::size_t bytes_max) {
    const Json& value = from.at(name);
    std::map<std::string, std::string> out;
    if (value.is_null()) return out;
    if (!value.is_object()) return wrong_field(name, "must be an object");
    if (value.object().size() > count_max) return wrong_field(name, fmt::format("has more than {} names", count_max));
    for (const auto& each : value.object()) {
        TRY(std::string text, read_text(value, each.first, {.bytes_max = bytes_max}));
        out.emplace(each.first, std::move(text));
    }
    return out;
}

Result<bool> read_truth(const Json& from, std::string_view name) {
    const Json& value = from.at(name);
    if (value.is_null()) return false;
    if (!value.is_truth()) return wrong_field(name, "must be true or false");
    return value.is_true();
}

Result<std::int64_t> read_whole(const Json& from, std::string_view name, std::int64_t least, std::int64_t most) {
    const auto number = from.at(name).whole();
    if (!number || *number < least || *number > most)
        return wrong_field(name, fmt::format("must be a whole number from {} to {}", least, most));
    return *number;
}

Result<const Json::List*> read_list(const Json& from, std::string_view name, std::size_t count_max) {
    const Json& value = from.at(name);
    if (!value.is_null() && !value.is_list()) return wrong_field(name, "must be a list");
    if (value.list().size() > count_max) return wrong_field(name, fmt::format("has more than {} items", count_max));
    return &value.list();
}

}  // namespace bursar::integrations
