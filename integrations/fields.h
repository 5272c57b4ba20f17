#pragma once

#include "integrations/json.h"
#include "service/base/result.h"

#include <cstddef>
#include <map>
#include <string>
#include <string_view>

// Reading what the socket brings: each value has its type and its limit, and the error says which one has not.
namespace bursar::integrations {

struct TextLimit {
    std::size_t bytes_max = 0;
    bool may_be_empty = true;
};

Result<std::string> read_text(const Json& from, std::string_view name, TextLimit limit);
/// {"name": "text"}; absent is empty.
Result<std::map<std::string, std::string>> read_texts(const Json& from, std::string_view name, std::size_t count_max,
                                                      std::size_t bytes_max);
/// Absent is false.
Result<bool> read_truth(const Json& from, std::string_view name);
Result<std::int64_t> read_whole(const Json& from, std::string_view name, std::int64_t least, std::int64_t most);
/// Absent is an empty list.
Result<const Json::List*> read_list(const Json& from, std::string_view name, std::size_t count_max);
std::unexpected<Error> wrong_field(std::string_view name, std::string_view why);

}  // namespace bursar::integrations
