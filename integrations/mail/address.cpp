#include "integrations/mail/address.h"

#include "integrations/text.h"

#include <algorithm>

#include <fmt/format.h>

namespace bursar::integrations::mail {
namespace {

constexpr std::size_t local_bytes_max = 64, address_bytes_max = 254;  // RFC 5321 §4.5.3.1

std::string_view trimmed(std::string_view text) {
    while (!text.empty() && static_cast<unsigned char>(text.front()) <= 0x20) text.remove_prefix(1);
    while (!text.empty() && static_cast<unsigned char>(text.back()) <= 0x20) text.remove_suffix(1);
    return text;
}

/// Of a dot-atom (RFC 5322 §3.2.3).
bool is_atom(char c) {
    constexpr std::string_view others = ".!#$%&'*+-/=?^_`{|}~";
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || others.contains(c);
}

bool is_domain(std::string_view text) {
    return !text.empty() && text.front() != '-' && text.front() != '.' && text.back() != '.' &&
           std::ranges::all_of(text, [](char c) {
               return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-' ||
                      c == '.';
           });
}

bool is_address(std::string_view text) {
    const std::size_t at = text.find('@');
    if (at == std::string_view::npos || at == 0 || at > local_bytes_max || text.size() > address_bytes_max)
        return false;
    return std::ranges::all_of(text.substr(0, at), is_atom) && is_domain(text.substr(at + 1));
}

std::unexpected<Error> wrong(std::string_view text) {
    return fail(Fault::wrong_configuration, fmt::format("\"{}\" is no mail address.", one_line(cut(text, 100))));
}

}  // namespace

Result<Mailbox> Mailbox::read(std::string_view text) {
    if (one_line(text) != text) return wrong(text);
    text = trimmed(text);
    const std::size_t open = text.rfind('<');
    if (open == std::string_view::npos) {
        if (!is_address(text)) return wrong(text);
        return Mailbox{.address = std::string(text)};
    }
    if (!text.ends_with('>')) return wrong(text);
    const std::string_view address = text.substr(open + 1, text.size() - open - 2);
    std::string_view name = trimmed(text.substr(0, open));
    if (name.size() >= 2 && name.starts_with('"') && name.ends_with('"')) name = name.substr(1, name.size() - 2);
    if (!is_address(address)) return wrong(text);
    return Mailbox{.name = one_line(name), .address = std::string(address)};
}

Result<std::vector<Mailbox>> read_mailboxes(std::string_view text) {
    std::vector<Mailbox> out;
    while (!text.empty()) {
        const std::size_t end = std::min(text.find(','), text.size());
        if (const std::string_view one = trimmed(text.substr(0, end)); !one.empty()) {
            TRY(Mailbox mailbox, Mailbox::read(one));
            out.push_back(std::move(mailbox));
        }
        text.remove_prefix(std::min(end + 1, text.size()));
    }
    if (out.empty()) return fail(Fault::wrong_configuration, "There is no address that the mail could go to.");
    if (out.size() > recipients_max)
        return fail(Fault::wrong_configuration, fmt::format("A mail goes to {} addresses at most.", recipients_max));
    return out;
}

}  // namespace bursar::integrations::mail
