#pragma once

#include "service/base/result.h"

#include <string>
#include <string_view>
#include <vector>

namespace bursar::integrations::mail {

inline constexpr std::size_t recipients_max = 100;

/// "ops@example.com" or "Bursar <ops@example.com>".
struct Mailbox {
    std::string name;
    std::string address;  ///< ASCII, one @, nothing that could end a command of SMTP
    static Result<Mailbox> read(std::string_view text);
    std::string_view domain() const { return std::string_view(address).substr(address.find('@') + 1); }
};

/// Several, with commas between them.
Result<std::vector<Mailbox>> read_mailboxes(std::string_view text);

}  // namespace bursar::integrations::mail
