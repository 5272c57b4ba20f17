#include "service/base/aws_key.h"

#include <algorithm>
#include <string_view>

namespace bursar::aws {
namespace {

constexpr std::size_t id_bytes_min = 3, id_bytes_max = 128, secret_bytes_min = 8, secret_bytes_max = 256,
                      session_bytes_max = 16 * 1024;

bool is_plain(std::string_view text) {
    return std::ranges::all_of(text, [](char c) { return c > ' ' && c < 0x7f && c != ':'; });
}

bool is_id(std::string_view text) {
    const auto fits = [](char c) {
        return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
    };
    return text.size() >= id_bytes_min && text.size() <= id_bytes_max && std::ranges::all_of(text, fits);
}

}  // namespace

bool looks_like_access_key(const Secret& text) {
    const std::string_view said = text.reveal();
    return said.starts_with("AKIA") || said.starts_with("ASIA");
}

bool signs(const Secret& text) { return text.reveal().contains(':') || looks_like_access_key(text); }

Result<Key> parse_key(const Secret& text) {
    const std::string_view said = text.reveal();
    const std::size_t first = said.find(':');
    const std::string_view id = said.substr(0, first);
    const std::string_view rest = first == std::string_view::npos ? std::string_view{} : said.substr(first + 1);
    const std::size_t second = rest.find(':');
    const std::string_view secret = rest.substr(0, second);
    const bool temporary = second != std::string_view::npos;
    const std::string_view session = temporary ? rest.substr(second + 1) : std::string_view{};
    const bool sound = is_id(id) && secret.size() >= secret_bytes_min && secret.size() <= secret_bytes_max &&
                       is_plain(secret) && session.size() <= session_bytes_max && is_plain(session);
    // Temporary credentials sign nothing without their session.
    const bool whole = temporary ? !session.empty() : !id.starts_with("ASIA");
    if (!sound || !whole)
        return fail(Fault::invalid_request,
                    "An AWS access key is written ID:SECRET, or ID:SECRET:SESSION where it is temporary (its id begins "
                    "with ASIA). Write it like that, in one line and without blanks.");
    return Key{.id = std::string(id), .secret = Secret::copy_of(secret), .session = Secret::copy_of(session)};
}

}  // namespace bursar::aws
