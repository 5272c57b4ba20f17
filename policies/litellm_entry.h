#pragma once

#include "policies/price.h"
#include "service/base/result.h"

#include <map>
#include <string>
#include <string_view>
#include <vector>

// One model of LiteLLM's price list, from its own field names to a Price.
namespace bursar::policies {

/// The fields of one entry, nested ones as "outer.inner" or "list.0.inner". Numbers are kept as they are written.
struct ListEntry {
    std::string key;
    std::map<std::string, std::string, std::less<>> numbers;
    std::map<std::string, std::string, std::less<>> words;
};

/// Where an entry belongs in a policy.
struct ListedName {
    std::string catalogue;
    std::string model;
};
ListedName listed_name(const ListEntry& entry);

struct ListedPrice {
    Price price;
    std::vector<std::string> left_out;  ///< costs of the entry that a Price does not know
};

/// The price of an entry; an error says in `for_caller` why it cannot be taken. `today` is "2026-11-24".
Result<ListedPrice> listed_price(const ListEntry& entry, std::string_view today);

/// The price as a flow mapping of a policy document, without braces.
std::string flow_text(const Price& price);

}  // namespace bursar::policies
