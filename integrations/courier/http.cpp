#include "integrations/courier/http.h"

#include "integrations/address.h"
#include "service/base/crypto.h"

#include <algorithm>

#include <fmt/format.h>

namespace bursar::courier {
namespace {

bool is_header(std::string_view value) {
    return std::ranges::all_of(value, [](char c) { return static_cast<unsigned char>(c) >= 0x20 && c != 0x7f; });
}

std::string setting(const integrations::Target& target, const char* name) {
    const auto found = target.settings.find(name);
    return found == target.settings.end() ? std::string() : found->second;
}

}  // namespace

Way way_of(const integrations::Target& target) {
    return {.ca = setting(target, "ca"), .proxy = setting(target, "proxy")};
}

std::string unsound(const HttpRequest& request) {
    if (!integrations::is_askable(request.url.reveal()))
        return "its address is no https URL (http is for this machine only)";
    if (!is_header(request.authorization.reveal())) return "its token has characters that no header may have";
    for (const auto& [name, value] : request.headers)
        if (!is_header(name) || !is_header(value)) return "a header has characters that none may have";
    return {};
}

Secret bearer(const Secret& token) { return Secret(fmt::format("Bearer {}", token.reveal())); }

Secret basic(std::string_view user, const Secret& password) {
    const Secret pair(fmt::format("{}:{}", user, password.reveal()));
    return Secret("Basic " + to_base64(pair.reveal()));
}

}  // namespace bursar::courier
