#pragma once

#include "auth/scim/filter.h"
#include "auth/scim/json.h"

#include <optional>
#include <string>
#include <vector>

namespace bursar::scim {

enum class Does : std::uint8_t { add, replace, remove };

/// One change of one attribute. What comes without a path is taken apart: each of its members is one.
struct Operation {
    Does does = Does::add;
    Path path;
    const Json* value = nullptr;  ///< in the body; null only of a removal
};

/// The operations of a PATCH, in their order. The body must outlive them.
Outcome<std::vector<Operation>> read_operations(const Json& body);

/// One line of text of an attribute; invalidValue.
Outcome<std::string> text_of(const Json& value, std::string_view attribute);
/// true, "True", "false"; Entra sends the words.
Outcome<bool> truth_of(const Json& value, std::string_view attribute);

}  // namespace bursar::scim
