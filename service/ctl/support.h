#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

// What is sent to somebody who helps, and what must not be in it. Pure.
namespace bursar::ctl {

/// Something that looks like a secret, and was taken out.
struct TakenOut {
    std::string file;
    std::size_t line = 0;  ///< from 1
    std::string_view what;
};

/// The text with "[taken out: WHAT]" in place of keys, tokens, passwords in addresses, webhooks and private keys.
std::string take_out_secrets(const std::string& file, std::string_view text, std::vector<TakenOut>& taken);

}  // namespace bursar::ctl
