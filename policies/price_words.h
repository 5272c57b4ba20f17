#pragma once

#include "policies/price.h"

#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

// Prices and their changes as people read them before they say yes.
namespace bursar::policies {

/// "input 2.50 -> 3.00", "batch none -> 0.5": every class, tier, fee, factor, hour and date that differs; per million
/// tokens where it is a rate. Where there are several versions, each begins with its date.
std::vector<std::string> changes_between(const PriceBook& before, const PriceBook& after);

/// "input 2.50, output 10.00": all that the newest version states.
std::string words_of(const PriceBook& book);

using PriceBooks = std::map<std::pair<std::string, std::string>, std::shared_ptr<const PriceBook>>;
/// "prices: 3 changed (openai/gpt-4o, …)": how many are new, changed and gone, and the names of some.
std::vector<std::string> count_changes(const PriceBooks& before, const PriceBooks& after);

}  // namespace bursar::policies
