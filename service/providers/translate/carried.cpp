#include "service/providers/translate/carried.h"

#include "service/providers/carried_mark.h"

#include <algorithm>

namespace bursar::providers::translate {
// Ids are letters, digits, _ and - for clients of Anthropic's: base64url without its padding (RFC 4648 §5).
std::string carrying_id(std::string_view id, std::string_view signature) {
    std::string out(id);
    out.reserve(id.size() + carried_mark.size() + signature.size());
    out += carried_mark;
    for (const char c : signature)
        if (c != '=') out += c == '+' ? '-' : c == '/' ? '_' : c;
    return out;
}

void take_carried(Ask& ask, Part& part) {
    const auto at = part.id.find(carried_mark);
    if (at == std::string_view::npos) return;
    std::string signature(part.id.substr(at + carried_mark.size()));
    part.id = part.id.substr(0, at);
    if (part.kind != Part::Kind::tool_call) return;
    std::ranges::replace(signature, '-', '+');
    std::ranges::replace(signature, '_', '/');
    signature.append((4 - signature.size() % 4) % 4, '=');
    part.signature = ask.keep(std::move(signature));
}

}  // namespace bursar::providers::translate
