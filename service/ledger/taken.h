#pragma once

#include "service/ledger/ledger.h"

#include <string_view>
#include <vector>

namespace bursar::ledger {

/// The books that a hold for such a call takes, by name: what is corrected of it later goes to exactly these, whatever
/// the policy says by then. Pure; any thread.
std::vector<AccountName> books_taken(const Scopes& scopes, std::string_view model, std::string_view tier,
                                     std::string_view tags);

}  // namespace bursar::ledger
